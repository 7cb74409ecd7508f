import type { Terminal } from './terminal.ts';
import { visible } from './terminal-text.ts';

/** Tells how far long work has come, on the error stream. */
export interface Progress {
  /** A line in the place of the last, on a terminal alone. */
  at(text: string): void;
  /** A line that stays, unless it is the same as the last. */
  say(text: string): void;
  end(): void;
}

export function progressTo({ err }: Pick<Terminal, 'err'>): Progress {
  const clear = '\r\u001b[K';
  let isShown = false;
  let said: string | undefined;
  const end = () => {
    if (isShown) err.write(clear);
    isShown = false;
  };
  return {
    at(text) {
      if (!err.isTerminal) return;
      err.write(`${clear}${visible(text)}`);
      isShown = true;
    },
    say(text) {
      if (text === said) return;
      said = text;
      end();
      err.write(`${visible(text)}\n`);
    },
    end,
  };
}
