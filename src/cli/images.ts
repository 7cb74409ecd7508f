import type { Line, Session } from './command.ts';
import { CommandFault, exitCodes, usageFault } from './exit-code.ts';

/** The images that a command is about: those on its line, and those in a file, one on a line of it. */
export async function imagesOf(
  line: Line,
  { terminal }: Pick<Session, 'terminal'>,
): Promise<readonly string[]> {
  const path = line.text('file');
  const inFile = path === undefined ? [] : linesOf(await read(path, terminal));
  const images = [...line.operands, ...inFile];
  if (images.length === 0) throw usageFault('name an image, or a file of images with --file');
  return images;
}

async function read(path: string, { readText }: Session['terminal']): Promise<string> {
  try {
    return await readText(path);
  } catch (cause) {
    throw new CommandFault(exitCodes.usage, `--file ${path} cannot be read`, { cause });
  }
}

function linesOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((each) => each.trim())
    .filter((each) => each !== '' && !each.startsWith('#'));
}
