import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { recordFact } from '../../../src/audit/record-fact.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { storesOver } from '../../builders/history-stores.ts';
import { images, imageToProtect, nothingUsed, ofProd, pushedAt } from '../../builders/image-to-protect.ts';
import { refusal } from '../../builders/memory-registry-locks.ts';
import { protectedId } from '../../builders/protection-app.ts';

const shut = ofProd.map(() => [false, false]);
const silent = { info: () => {}, warn: () => {}, error: () => {} };

describe('when the registry refuses one lock for good', () => {
  it.each([401, 403, 405])(
    'with %i, at any of them: told while it lasts, whole afterwards',
    async (status) => {
      for (let refused = 1; refused <= ofProd.length; refused += 1) {
        const made = imageToProtect();
        let calls = 0;
        made.memory.faults.refuse = () => {
          calls += 1;
          return calls === refused ? refusal(status) : undefined;
        };
        await made.app.approve('team/app:prod');
        await made.app.enforce();
        expect(await made.app.approvals()).toMatchObject([{ state: 'protecting' }]);
        expect(await made.app.findings()).toMatchObject([
          { kind: 'LockFailed', detail: { change: 'lock', code: `registry-${status}` } },
        ]);
        await made.app.enforce();
        expect(await made.flagsOfAll(ofProd)).toEqual(shut);
        expect(await made.app.approvals()).toMatchObject([{ state: 'protected' }]);
        expect(await made.app.findings()).toEqual([]);
        expect(await made.app.findings('resolved')).toMatchObject([{ kind: 'LockFailed' }]);
      }
    },
  );

  it('an unlocking that is refused leaves what it needs locked, and is told until it is done', async () => {
    const made = imageToProtect({ uses: nothingUsed });
    const id = await made.release('team/app:prod');
    const end = {
      event: 'ended-early',
      by: 'somebody',
      at: made.app.clock.time,
      reason: 'withdrawn',
    } as const;
    await made.app.change(id, end);
    made.memory.faults.refuse = (call) => (call.endsWith(images.index) ? refusal(405) : undefined);
    await made.app.enforce();
    expect(await made.flagsOfAll(ofProd)).toEqual([...shut.slice(0, 3), [true, true]]);
    expect(await made.app.findings()).toMatchObject([{ kind: 'LockFailed', detail: { change: 'unlock' } }]);
    expect(await made.app.approvals()).toMatchObject([{ state: 'expired' }]);
    made.memory.faults.refuse = () => undefined;
    await made.app.enforce();
    await made.app.enforce();
    expect(await made.owned()).toEqual([]);
    expect(await made.app.findings()).toEqual([]);
    expect(await made.app.approvals()).toMatchObject([{ state: 'released' }]);
  });
});

describe('when the registry cannot be read', () => {
  it.each([true, false])(
    'at any one reading (retryable: %s), the next run makes it whole',
    async (retryable) => {
      let cut = 1;
      for (let isCut = true; isCut; cut += 1) {
        isCut = false;
        let calls = 0;
        const made = imageToProtect();
        await made.app.approve('team/app:prod');
        made.registry.faults.fail = (call) => {
          calls += 1;
          if (calls !== cut) return undefined;
          isCut = true;
          return new AuditFault(retryable ? 'registry-503' : 'registry-403', call, { retryable });
        };
        const run = made.app.enforce();
        if (retryable) await run.catch((error: unknown) => expect(error).toMatchObject({ retryable }));
        else await run;
        // An approval is never called protected on a reading that failed.
        const [{ state } = { state: 'none' }] = await made.app.approvals();
        if (isCut) expect([cut, state]).not.toEqual([cut, 'protected']);
        made.registry.faults.fail = () => undefined;
        await made.app.enforce();
        expect([cut, await made.flagsOfAll(ofProd)]).toEqual([cut, shut]);
        expect(await made.app.approvals()).toMatchObject([{ state: 'protected' }]);
        expect(await made.app.findings()).toEqual([]);
      }
      expect(cut).toBeGreaterThan(10);
    },
  );
});

describe('when two runs are made at once', () => {
  it('one of them does everything, and the other is to be made again', async () => {
    const made = imageToProtect();
    await made.app.approve('team/app:prod');
    const [first, second] = await Promise.allSettled([made.app.enforce(), made.app.enforce()]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { locked: ofProd.length } });
    expect(second).toMatchObject({ reason: { code: 'enforcement-under-way', retryable: true } });
    expect(made.memory.calls).toHaveLength(ofProd.length);
  });
});

describe('when an approved digest goes before it is locked, and comes again', () => {
  it('what failed stays failed, and what is approved again is protected', async () => {
    const made = imageToProtect();
    await made.app.approve('team/app:v1');
    made.repository.deleteManifest(images.plain);
    await made.app.enforce();
    const found = (await made.app.findings()).map(({ kind }) => kind);
    expect(found).toContain('ApprovedDigestMissing');
    expect(found).not.toContain('ProtectedDigestDeleted');
    made.repository.push('v1', images.plain, pushedAt);
    await made.app.enforce();
    expect(made.memory.calls).toEqual([]);
    await made.app.approve('team/app:v1');
    await made.app.enforce();
    expect(await made.app.approvals()).toMatchObject([{ state: 'failed' }, { state: 'protected' }]);
  });
});

describe('when somebody else has locked an image', () => {
  it('it is told as a lock without owner, left as it is, and over once it is open again', async () => {
    const made = imageToProtect({ uses: nothingUsed });
    const stores = storesOver(made.app.tables);
    const compare = reconcileRepository({
      ...stores,
      content: made.registry.content,
      known: knownContent(made.app.tables.repositories),
      record: recordFact(stores),
      clock: made.app.clock,
      log: silent,
    });
    made.repository.lock({ digest: images.plain }, { canDelete: false });
    await compare({ ...protectedId, source: 'backfill' });
    await made.app.enforce();
    const orphan = { kind: 'OrphanLock', subject: { digest: images.plain }, detail: { forbids: ['delete'] } };
    expect(await made.app.findings()).toMatchObject([orphan]);
    expect(made.memory.calls).toEqual([]);
    expect(await made.flagsOf({ digest: images.plain })).toEqual([false, true]);
    made.repository.lock({ digest: images.plain }, { canDelete: true });
    await compare({ ...protectedId, source: 'reconcile' });
    await made.app.enforce();
    expect(await made.app.findings()).toEqual([]);
    expect(await made.app.findings('resolved')).toMatchObject([orphan]);
  });
});
