import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  evidenceChecks,
  hostChecks,
  noEvidenceChecks,
  type StoredPlace,
} from '../../../src/audit/evidence-grants.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { Log } from '../../../src/audit/ports.ts';
import { type Check, keptPreflight, type PreflightReport, preflight } from '../../../src/audit/preflight.ts';

const account = 'https://contoso.blob.core.windows.net';
const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const ran = (checks: readonly Check[], log = quiet) =>
  preflight({ checks: async () => checks, clock: { now: () => 7 }, log })();

function place(name: string, kind: StoredPlace['kind'], allowed: readonly string[]): StoredPlace {
  return { name, kind, may: async (action) => allowed.includes(action) };
}
const everything = ['read', 'write', 'delete'];
const right = [
  place('leases', 'mutable', everything),
  place('ledger', 'written-once', ['read', 'write']),
  place('tables', 'tables', everything),
  place('queues', 'queues', everything),
];

describe('when the auditor may do with the evidence what it has to', () => {
  it('nothing is said', async () => {
    expect(await ran(evidenceChecks(right, account))).toEqual({
      at: 7,
      missing: [],
      tooMuch: [],
      unknown: [],
      right: 12,
    });
  });
});

describe('when a right on the evidence is taken away, the message names the grant', () => {
  it.each([
    [
      'leases',
      'mutable',
      'delete',
      `delete blobs of the container leases of ${account}: give it the role Storage Blob Data Contributor on the container leases`,
    ],
    [
      'ledger',
      'written-once',
      'write',
      `write blobs of the container ledger of ${account}: give it the custom role "acr-audit evidence writer"`,
    ],
    [
      'tables',
      'tables',
      'read',
      `read in tables of the account ${account}: give it the role Storage Table Data Contributor on the account`,
    ],
    [
      'queues',
      'queues',
      'write',
      `write in queues of the account ${account}: give it the role Storage Queue Data Contributor on the account`,
    ],
  ] as const)('%s: %s, %s', async (name, kind, action, said) => {
    const without = place(
      name,
      kind,
      everything.filter((one) => one !== action && (kind !== 'written-once' || one !== 'delete')),
    );
    const { missing, tooMuch } = await ran(evidenceChecks([without], account));
    expect(missing).toEqual([expect.stringContaining(`the auditor may not ${said}`)]);
    expect(tooMuch).toEqual([]);
  });
});

it('when the auditor may delete what is written once, that is too much', async () => {
  const { missing, tooMuch } = await ran(
    evidenceChecks([place('ledger', 'written-once', everything)], account),
  );
  expect(missing).toEqual([]);
  expect(tooMuch).toEqual([
    expect.stringMatching(
      /^the auditor may delete blobs of the container ledger of .*: take away Storage Blob Data Contributor, .* on the account or above$/,
    ),
  ]);
});

it.each(['locker', 'deleter', 'host'] as const)(
  'when the %s may read the evidence, that is too much',
  async (identity) => {
    const { tooMuch, right: fine } = await ran(
      noEvidenceChecks(
        identity,
        [place('ledger', 'written-once', ['read']), place('tables', 'tables', [])],
        account,
      ),
    );
    expect(tooMuch).toEqual([
      expect.stringContaining(`the ${identity} may read the evidence of ledger in ${account}`),
    ]);
    expect(fine).toBe(1);
  },
);

it('when the host lacks a role on its own storage, the message names it', async () => {
  const { missing } = await ran(
    hostChecks([place('azure-webjobs-hosts', 'mutable', ['read', 'write'])], account),
  );
  expect(missing).toEqual([expect.stringContaining('the role Storage Blob Data Owner on the account')]);
});

it('when a check does not tell, all others are told, in one order, and logged', async () => {
  const lines: string[] = [];
  const note = (message: string, values: Readonly<Record<string, unknown>> = {}) =>
    void lines.push(`${message}: ${values['grant']}`);
  const check = (action: string, may: () => Promise<boolean>): Check => ({
    ...{ identity: 'locker', action, of: 'it', isNeeded: true, grant: 'a role', may },
  });
  const report = await ran(
    [
      check('z', async () => false),
      check('b', () => Promise.reject(new AuditFault('registry-503', 'it was busy', { retryable: true }))),
      check('a', async () => false),
    ],
    { info: () => undefined, warn: note, error: note },
  );
  expect(report).toMatchObject({
    missing: ['the locker may not a of it: give it a role', 'the locker may not z of it: give it a role'],
    unknown: ['whether the locker may b of it: it was busy'],
  });
  expect(lines).toHaveLength(3);
});

describe('when what was found is kept', () => {
  const report: PreflightReport = { at: 1, missing: [], tooMuch: [], unknown: [], right: 3 };
  function kept(run: () => Promise<PreflightReport>) {
    const clock = { time: 0, now: () => clock.time };
    let begin: () => void = () => undefined;
    const state = keptPreflight({
      run,
      later: (starts) => {
        begin = starts;
      },
      clock,
    });
    return { clock, state, begin: () => begin() };
  }

  it('it runs after the start, once an hour at most, and nobody waits for it', async () => {
    let runs = 0;
    const { clock, state, begin } = kept(async () => {
      runs += 1;
      return { ...report, at: runs };
    });
    expect(runs).toBe(0);
    begin();
    expect(state()).toEqual({ state: 'checking' });
    await settled();
    expect(state()).toEqual({ state: 'checked', ...report });
    clock.time = 3_599_999;
    state();
    expect(runs).toBe(1);
    clock.time = 3_600_000;
    expect(state()).toMatchObject({ at: 1 });
    await settled();
    expect(state()).toMatchObject({ at: 2 });
  });

  it('asked for before that, it runs then, and a failure is told', async () => {
    const { state, begin } = kept(() => Promise.reject(new Error('it broke')));
    state();
    begin();
    await settled();
    expect(state()).toEqual({ state: 'failed', reason: 'Error: it broke' });
  });
});
