import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { reconcileNext } from '../../../src/audit/reconcile-next.ts';
import type { ReconcileSummary, Reconciliation } from '../../../src/audit/reconcile-repository.ts';
import { comparisons } from '../../../src/storage/comparisons.ts';
import { reconcileRounds } from '../../../src/storage/reconcile-rounds.ts';
import { unannouncedChanges } from '../../../src/storage/unannounced-changes.ts';
import { untoldComparisons } from '../../../src/storage/untold-comparisons.ts';
import { type InUseApp, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';

const none: ReconcileSummary = {
  pushes: 0,
  untags: 0,
  deletions: 0,
  lockChanges: 0,
  described: 0,
  undescribed: 0,
};
const away = new AuditFault('registry-503', 'the registry is away', { retryable: true });

/** Makes comparisons of a repository that find what is told, whole or until the registry goes away. */
function comparing(app: InUseApp) {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  return async (
    found: Partial<ReconcileSummary>,
    { isCut = false, ...more }: Partial<Reconciliation> & { readonly isCut?: boolean } = {},
  ): Promise<void> => {
    app.wait(60);
    const summary = { ...none, ...found };
    const next = reconcileNext({
      reconcile: async (_, { onProgress }) => {
        await onProgress(summary);
        if (isCut) throw away;
        return summary;
      },
      rounds: reconcileRounds(app.tables.inventory),
      comparisons: comparisons(app.tables.repositories, app.tables.log),
      leases: app.leases,
      changes: unannouncedChanges(app.tables.inventory),
      untold: untoldComparisons(app.tables.inventory, app.tables.repositories),
      findings: app.findings,
      clock: app.clock,
      log,
    });
    await next({ registry: usedRegistry, repository: 'team/app', source: 'reconcile', ...more }, false);
  };
}

const open = async (app: InUseApp) => (await app.open()).filter(({ kind }) => kind === 'UnannouncedChange');

describe('when a comparison finds what no event had told', () => {
  it.each([{ pushes: 2 }, { deletions: 1 }, { pushes: 1, untags: 4, deletions: 3 }])(
    'as %j, one finding tells how much, and since when',
    async (found) => {
      const app = inUseApp();
      const before = app.clock.time - 3_600_000;
      await comparing(app)(found, { before });
      const [finding, ...others] = await open(app);
      expect(others).toEqual([]);
      expect(finding).toMatchObject({
        severity: 'medium',
        subject: { registry: usedRegistry, repository: 'team/app' },
        detail: { pushes: 0, untags: 0, deletions: 0, ...found, notBefore: before },
      });
      await app.settle();
      expect(app.alerts.map(({ change, finding: { kind } }) => `${change} ${kind}`)).toEqual([
        'opened UnannouncedChange',
      ]);
    },
  );

  it('and it was never compared whole before, the finding does not say since when', async () => {
    const app = inUseApp();
    await comparing(app)({ pushes: 1 });
    expect((await open(app))[0]?.detail).not.toHaveProperty('notBefore');
  });

  it('and the next finds more, it is the same finding, with what the last one found', async () => {
    const app = inUseApp();
    const compare = comparing(app);
    await compare({ pushes: 1 });
    const [first] = await open(app);
    await compare({ deletions: 2 });
    const [second] = await open(app);
    expect(second).toMatchObject({ id: first?.id, status: 'open', detail: { pushes: 0, deletions: 2 } });
    expect(second?.firstSeen).toBe(first?.firstSeen);
  });

  it('and the next of the same repository finds nothing, it is over, and others are not', async () => {
    const app = inUseApp();
    const compare = comparing(app);
    await compare({ pushes: 1 });
    await compare({ pushes: 1 }, { repository: 'team/api' });
    await compare({});
    expect((await open(app)).map(({ subject }) => subject.repository)).toEqual(['team/api']);
  });

  it('and then the registry goes away, it is found all the same: what is compared again finds it no more', async () => {
    const app = inUseApp();
    await expect(comparing(app)({ pushes: 3 }, { isCut: true })).rejects.toBe(away);
    expect(await open(app)).toMatchObject([{ detail: { pushes: 3 } }]);
  });
});

describe('when a comparison finds nothing that an event tells', () => {
  it.each([{ untags: 5 }, { lockChanges: 2 }, { described: 7, undescribed: 1 }])(
    'as %j, nothing is said of the events',
    async (found) => {
      const app = inUseApp();
      await comparing(app)(found);
      expect(await open(app)).toEqual([]);
    },
  );

  it('because it was there before the registry was first looked at, nothing is said, whole or not', async () => {
    const app = inUseApp();
    const compare = comparing(app);
    await compare({ pushes: 500 }, { source: 'backfill' });
    await expect(compare({ pushes: 500 }, { source: 'backfill', isCut: true })).rejects.toBe(away);
    expect(await open(app)).toEqual([]);
  });

  it('because the registry went away, what was found before stays', async () => {
    const app = inUseApp();
    const compare = comparing(app);
    await compare({ deletions: 1 });
    await expect(compare({}, { isCut: true })).rejects.toBe(away);
    expect(await open(app)).toMatchObject([{ detail: { deletions: 1 } }]);
  });
});
