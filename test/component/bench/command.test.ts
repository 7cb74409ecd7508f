import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';

const figures = z.array(
  z.strictObject({
    name: z.string(),
    value: z.number(),
    unit: z.string(),
    goal: z.nullable(z.string()),
    met: z.nullable(z.boolean()),
  }),
);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'acr-audit-bench-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function bench(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['bench/main.ts', ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

describe('when benches are run by the command', () => {
  it('the counts of round-trips are printed and written, each with its goal', async () => {
    const [json, markdown] = [join(folder, 'figures.json'), join(folder, 'figures.md')];
    const { code, out } = await bench('round-trips', '--json', json, '--markdown', markdown);
    expect(code).toBe(0);
    const written = figures.parse(JSON.parse(await readFile(json, 'utf8')));
    const values = new Map(written.map(({ name, value }) => [name, value]));
    expect(values.get('round-trips: push of a known digest: transactions')).toBe(4);
    expect(values.get('round-trips: push of a new digest: transactions')).toBe(5);
    expect(values.get('round-trips: delete, judged and its verdict recorded: transactions')).toBe(11);
    expect(
      values.get('round-trips: delete with finding, judged and its verdict recorded: transactions'),
    ).toBe(14);
    expect(written.every(({ goal, met }) => goal !== null && met !== null)).toBe(true);
    expect(out).toContain('push of a known digest: transactions');
    expect(await readFile(markdown, 'utf8')).toContain('### round-trips');
  });

  it('a goal that is missed is a failure only for who is strict', async () => {
    expect((await bench('round-trips', '--strict')).code).toBe(1);
  });

  it('an unknown name runs nothing', async () => {
    const { code, out, err } = await bench('round-trip');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('No such bench: round-trip. There are round-trips, ');
  });
});
