import { run } from '../../src/cli/run.ts';

/** What a command wrote, and what it ended with. */
export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whether both streams are terminals. */
  readonly isTerminal?: boolean;
  /** Texts of files by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly token?: (scope: string) => Promise<string>;
  /** Called in place of a pause. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** Runs a command line as `acr-audit` does, in this process. */
export async function runCommand(
  args: readonly string[],
  {
    env = {},
    isTerminal = false,
    files = {},
    token = () => Promise.reject(new Error('nobody is signed in')),
    pause = (ms) => new Promise((resume) => setTimeout(resume, Math.min(ms, 100))),
  }: CommandRunOptions = {},
): Promise<CommandRun> {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTerminal,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const code = await run(
    args,
    {
      out: stream('out'),
      err: stream('err'),
      env,
      readText(path) {
        const text = files[path];
        return text === undefined ? Promise.reject(new Error(`no file ${path}`)) : Promise.resolve(text);
      },
      pause,
    },
    { token },
  );
  return { code, ...written };
}
