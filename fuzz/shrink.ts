/** Tries of one shrinking. */
const mostTries = 2_000;

/**
 * A shorter input that still fails: parts are taken out, the larger first, as long as that goes on.
 * Source: https://www.debuggingbook.org/html/DeltaDebugger.html
 */
export async function shrunk(input: string, fails: (input: string) => Promise<boolean>): Promise<string> {
  let text = input;
  let tries = 0;
  for (let part = Math.ceil(text.length / 2); part >= 1 && tries < mostTries; ) {
    let isShorter = false;
    for (let at = 0; at < text.length && tries < mostTries; ) {
      tries += 1;
      const without = text.slice(0, at) + text.slice(at + part);
      if (await fails(without)) {
        text = without;
        isShorter = true;
      } else {
        at += part;
      }
    }
    if (part === 1 && !isShorter) break;
    part = part === 1 ? 1 : Math.ceil(part / 2);
  }
  return text;
}
