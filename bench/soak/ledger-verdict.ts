import { execFile } from 'node:child_process';
import * as z from 'zod/mini';
import type { ServiceCalls } from './service-calls.ts';
import type { SoakSetting } from './setting.ts';

const keys = z.object({ keys: z.array(z.string()) });
const told = z.object({
  ok: z.boolean(),
  summary: z.optional(z.object({ size: z.number(), records: z.number(), checkpoints: z.number() })),
  rows: z.optional(z.object({ same: z.number(), waiting: z.number(), later: z.number(), wrong: z.number() })),
});

/** What `npm run verify -- --rows` says of the whole log. */
export interface LedgerCheck {
  readonly code: number;
  readonly entries: number;
  readonly checkpoints: number;
  readonly rowsSame: number;
  readonly rowsWaiting: number;
  readonly rowsWrong: number;
  /** What it printed for people. */
  readonly text: string;
}

const mostOutput = 64 * 1024 * 1024;

/** Derives the log anew from its files, as served, and compares the rows of storage with it. */
export async function verifiedLedger(
  { host, registry, settings }: SoakSetting,
  service: ServiceCalls,
): Promise<LedgerCheck> {
  const query = `registry=${encodeURIComponent(registry.loginServer)}`;
  const known = keys.parse((await service.get(`api/v1/ledger/keys?${query}`)).body).keys;
  const args = [
    'src/verify.ts',
    ...['--from', `${host.url}/api/v1/ledger/logs/${registry.loginServer}/`],
    ...['--registry', registry.loginServer, '--rows'],
    ...known.flatMap((key) => ['--key', key]),
  ];
  const env = { PATH: process.env['PATH'], ...settings };
  const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>(
    (done) => {
      const child = execFile(process.execPath, args, { env, maxBuffer: mostOutput }, (_, output, text) =>
        done({ code: child.exitCode ?? -1, stdout: output, stderr: text }),
      );
    },
  );
  const read = told.safeParse(stdout === '' ? undefined : JSON.parse(stdout));
  const { summary, rows } = read.success ? read.data : {};
  return {
    code,
    entries: summary?.size ?? 0,
    checkpoints: summary?.checkpoints ?? 0,
    rowsSame: rows?.same ?? 0,
    rowsWaiting: rows?.waiting ?? 0,
    rowsWrong: rows?.wrong ?? 0,
    text: stderr.replace(/[^\n]*\r/g, '').trim(),
  };
}
