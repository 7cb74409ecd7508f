import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Figure } from '../figure.ts';

const [begin, end] = ['<!-- soak -->', '<!-- /soak -->'];

type Group = readonly [string, readonly Figure[]];

/** The figures as Markdown, with the command that measures them. */
export function markdownOf(command: string, machine: string, groups: readonly Group[]): string {
  const tables = groups.map(([title, figures]) => {
    const rows = figures.map(({ name, value, unit, goal = '', met }) => {
      const shown = Number.isInteger(value) ? String(value) : value.toPrecision(3);
      return `| ${name} | ${`${shown} ${unit}`.trim()} | ${goal} | ${met === undefined ? '' : met ? 'met' : 'MISSED'} |`;
    });
    return [`| ${title} | Value | Goal | |`, '| --- | --- | --- | --- |', ...rows].join('\n');
  });
  return [`\`${command}\`, ${machine}:`, ...tables].join('\n\n');
}

/** Writes a text between the marks of a file, or as a file of its own where there are none. */
export async function writeBlock(file: string, text: string): Promise<void> {
  const block = `${begin}\n\n${text}\n\n${end}`;
  const before = existsSync(file) ? await readFile(file, 'utf8') : '';
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  const whole =
    from === -1 || to < from ? `${block}\n` : before.slice(0, from) + block + before.slice(to + end.length);
  await writeFile(file, whole);
}
