import type { Command } from 'commander';
import type { Line, Session } from './command.ts';

/** A page of a list as the API gives it. */
interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string | undefined;
}

/** Gives a command that lists the options to say how much. */
export function listing(command: Command): Command {
  return command.option('--limit <count>', 'how many at most (default: 100)').option('--all', 'all of them');
}

/** How many items are asked for. */
export function limitOf(line: Line): number {
  return line.flag('all') ? Number.POSITIVE_INFINITY : (line.count('limit') ?? 100);
}

/** The items of pages; says on the way how many there are, and at the end when there are more. */
export async function* itemsOf<T>(
  pages: AsyncIterable<Page<T>>,
  { progress }: Pick<Session, 'progress'>,
): AsyncGenerator<readonly T[]> {
  let count = 0;
  let isMore = false;
  try {
    for await (const { items, cursor } of pages) {
      yield items;
      count += items.length;
      isMore = cursor !== undefined;
      if (isMore) progress.at(`${count} read …`);
    }
  } finally {
    progress.end();
  }
  if (isMore) progress.say(`These are the first ${count}. --limit <count> or --all shows more.`);
}
