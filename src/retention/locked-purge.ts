import { cleanFreeText } from '../registry/free-text.ts';

/** As a word of its own, with the value it may have as a flag of Go's pflag. */
const includeLocked = /(?:^|[^\w-])--include-locked(?:=["']?(?<value>\w+))?(?![\w-])/g;
const purge = /(?:^|[^\w-])purge(?![\w-])/;
/** What Go's `strconv.ParseBool` takes for false. */
const isFalse = /^(?:0|f|false)$/i;

/** UTF-16 code units of a line that are told, and of what comes before the flag. */
const longestLine = 300;
const longestLead = 200;

/**
 * The line of a task's commands by which `acr purge` deletes what is locked, safe to show; `undefined` when there is none.
 * The words decide, wherever they are: a command may go over lines, or have its flags in a value. Lines that are comments
 * do not count.
 * Source: https://github.com/Azure/acr-cli/blob/main/cmd/acr/purge.go
 */
export function lockedPurgeLine(commands: string): string | undefined {
  const lines = commands.split(/[\r\n]+/).filter((line) => !/^\s*#/.test(line));
  if (!lines.some((line) => purge.test(line))) return undefined;
  for (const line of lines) {
    const flag = [...line.matchAll(includeLocked)].find(
      ({ groups }) => !isFalse.test(groups?.['value'] ?? ''),
    );
    if (flag === undefined) continue;
    const told = line.slice(Math.max(0, flag.index - longestLead)).trim();
    return cleanFreeText(told, longestLine).text;
  }
  return undefined;
}
