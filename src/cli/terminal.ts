/** Where the command writes text. */
export interface TextStream {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** What the command knows of where it runs. */
export interface Terminal {
  /** For answers. */
  readonly out: TextStream;
  /** For everything else. */
  readonly err: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The whole text of a file; `-` is the standard input. */
  readText(path: string): Promise<string>;
  /** Resolves after so many milliseconds. */
  pause(ms: number): Promise<void>;
}

/** Whether colours are wanted: on a terminal, unless https://no-color.org says otherwise or it has none. */
export function hasColours({ out, env }: Pick<Terminal, 'out' | 'env'>): boolean {
  return out.isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
