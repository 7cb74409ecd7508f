import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../src/audit/fault.ts';
import { dashboardApp } from '../builders/dashboard-app.ts';
import { digestOf, imageDeleted, imagePushed } from '../builders/registry-event.ts';
import { addFaultRows } from './fault-table.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const at = (minute: number) => new Date(Date.UTC(2026, 4, 2, 14, minute)).toISOString();
const of = 'image=contoso.azurecr.io/team/app';

/** An app with some history, whose tables fail the `nth` call from when it is armed, or all from there on. */
async function reading(fault: {
  readonly nth: number;
  readonly stays: boolean;
  readonly retryable: boolean;
}) {
  let [calls, isArmed] = [0, false];
  const before = (): AuditFault | undefined => {
    if (!isArmed) return undefined;
    calls += 1;
    const place = calls - 1;
    if (place !== fault.nth && !(fault.stays && place > fault.nth)) return undefined;
    const { retryable } = fault;
    return new AuditFault(retryable ? 'storage-503' : 'storage-403', 'refused', { retryable });
  };
  const { app, open } = dashboardApp({ faults: () => ({ before }) });
  await app.deliver(imagePushed({ id: 'a', tag: 'prod', digest: one, timestamp: at(1) }));
  await app.deliver(imagePushed({ id: 'b', tag: 'prod', digest: two, timestamp: at(2) }));
  await app.deliver(imageDeleted({ id: 'c', digest: one, timestamp: at(3) }));
  isArmed = true;
  return { app, open, calls: () => calls };
}

type Reading = Awaited<ReturnType<typeof reading>>;
const asked = async ({ app }: Reading, path: string) => {
  const response = await app.get(path);
  return {
    status: response.status,
    body: await response.text(),
    type: response.headers.get('content-type') ?? '',
  };
};
const opened = async ({ open }: Reading, path: string) => {
  const { status = 200, body } = await open(path);
  return { status, body, type: 'text/html' };
};

const reads: readonly (readonly [string, (reading: Reading) => ReturnType<typeof asked>])[] = [
  ...[
    `history?${of}`,
    'history',
    `resolve?${of}:prod&at=${at(2)}`,
    `digests?${of}@${two}`,
    'findings',
    'status',
    'health',
  ].map(
    (path) =>
      [
        `GET ${path.split('?')[0]}${path === 'history' ? ' of a registry' : ''}`,
        (it: Reading) => asked(it, path),
      ] as const,
  ),
  ...['', `repository?${of}`, `tag?${of}:prod`, `digest?${of}@${two}`, 'findings', 'workloads'].map(
    (path) => [`page ${path.split('?')[0] || 'overview'}`, (it: Reading) => opened(it, path)] as const,
  ),
];

describe('when a table fails at any call of an answer', () => {
  it.each(reads)('%s: the truth, or that it is not known now', async (name, read) => {
    const calm = await reading({ nth: -1, stays: false, retryable: true });
    const truth = await read(calm);
    const calls = calm.calls();
    expect({ name, status: truth.status }).toEqual({ name, status: 200 });
    let runs = 0;
    for (const [kind, stays, retryable] of [
      ['refused', false, true],
      ['down', true, true],
      ['denied', false, false],
    ] as const) {
      for (let nth = 0; nth < calls; nth += 1) {
        const told = await read(await reading({ nth, stays, retryable }));
        runs += 1;
        if (told.status === 200) {
          expect({ kind, nth, body: told.body }).toEqual({ kind, nth, body: truth.body });
          continue;
        }
        expect({ kind, nth, status: told.status }).toEqual({
          kind,
          nth,
          status: retryable || name === 'GET health' ? 503 : 500,
        });
        if (told.type !== 'text/html') expect(told.type).toBe('application/problem+json');
      }
    }
    addFaultRows([
      { useCase: name, dependency: 'tables', calls, kinds: ['refused', 'down', 'denied'], runs },
    ]);
  });
});
