import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../src/audit/fault.ts';
import type { Uses } from '../../src/audit/protection-ports.ts';
import { images, imageToProtect, nothingUsed, ofProd, pushedAt } from '../builders/image-to-protect.ts';
import { protectedId } from '../builders/protection-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { rebuilt } from '../component/rebuild/stored-history.ts';

const twoHours = 2 * 3_600_000;
const { arm, amd, plain } = images;
const away = new AuditFault('inventory-silent', 'no answer', { retryable: true });
const [shut, open] = [
  [false, false],
  [true, true],
];

describe('F9: when locks are set', () => {
  it('each has an owner, a reason and an end', async () => {
    const made = imageToProtect();
    const id = await made.release('team/app:prod');
    const owned = await made.owned();
    expect(owned).toHaveLength(ofProd.length);
    for (const lock of owned) {
      expect(lock).toMatchObject({ approvals: [id], roots: [images.index], before: { canDelete: true } });
      expect(lock.verifiedAt).toBeGreaterThanOrEqual(lock.setAt);
    }
    expect(await made.app.windows()).toMatchObject([
      { approval: { id, reason: 'release 1.4.2' }, reasons: ['current', 'recent-release', 'retain-for'] },
    ]);
  });

  it('releases one after the other leave no more locks than those kept need', async () => {
    const made = imageToProtect({ uses: nothingUsed });
    for (let number = 0; number < 12; number += 1) {
      made.repository.push(`r${number}`, digestOf(`r${number}`), pushedAt);
      await made.release(`team/app:r${number}`);
      made.app.clock.time += twoHours;
      await made.app.enforce();
      // Of a release, a manifest and a tag; the one before it may wait for it to be found good.
      expect((await made.owned()).length).toBeLessThanOrEqual(4);
    }
    await made.app.enforce();
    expect((await made.owned()).flatMap(({ roots }) => roots)).toEqual([digestOf('r11'), digestOf('r11')]);
    expect((await rebuilt(made.app.tables)).differences).toEqual([]);
  });
});

describe('F9: when everything is over', () => {
  it('no lock is left or recorded, and what others had forbidden before is forbidden still', async () => {
    const made = imageToProtect({ uses: nothingUsed });
    made.repository.lock({ digest: arm }, { canDelete: false });
    const id = await made.release('team/app:prod');
    const end = {
      event: 'ended-early',
      by: 'somebody',
      at: made.app.clock.time,
      reason: 'withdrawn',
    } as const;
    await made.app.change(id, end);
    await made.app.enforce();
    await made.app.enforce();
    expect(await made.owned()).toEqual([]);
    expect(await made.flagsOfAll(ofProd)).toEqual([[false, true], open, open, open]);
    expect(await made.app.approvals()).toMatchObject([{ state: 'released' }]);
    const calls = made.memory.calls.length;
    await made.app.enforce();
    expect(made.memory.calls).toHaveLength(calls);
  });

  it('what a release that is kept needs too stays locked', async () => {
    const made = imageToProtect({ uses: nothingUsed });
    made.repository.pushIndex('next', digestOf('next'), [arm], pushedAt);
    await made.release('team/app:prod');
    await made.release('team/app:next');
    made.app.clock.time += twoHours;
    await made.app.enforce();
    expect(await made.flagsOfAll([{ digest: arm }, { digest: amd }])).toEqual([shut, open]);
  });

  it.each(['before', 'after', 'refused', 'lost'] as const)(
    'a run that is cut off at any call (%s) is made up for by the next',
    async (how) => {
      let cut = 1;
      for (let isCut = true; isCut; cut += 1) {
        isCut = false;
        let isArmed = false;
        let calls = 0;
        const isNow = () => {
          if (!isArmed || isCut) return false;
          calls += 1;
          isCut = calls === cut;
          return isCut;
        };
        const fault = () => (isNow() ? new AuditFault('storage-500', 'cut', { retryable: true }) : undefined);
        const made = imageToProtect({
          uses: nothingUsed,
          faults: how === 'before' || how === 'after' ? { [how]: fault } : {},
        });
        if (how === 'refused') made.memory.faults.refuse = fault;
        if (how === 'lost') made.memory.faults.losesAnswer = isNow;
        await made.release('team/app:prod');
        await made.release('team/app:v1');
        made.app.clock.time += twoHours;
        isArmed = true;
        await made.app.enforce().catch((error: unknown) => expect(error).toMatchObject({ retryable: true }));
        isArmed = false;
        await made.app.enforce();
        await made.app.enforce();
        expect([cut, await made.flagsOfAll(ofProd)]).toEqual([cut, ofProd.map(() => open)]);
        expect(await made.flagsOfAll([{ digest: plain }, { tag: 'v1' }])).toEqual([shut, shut]);
        expect((await made.owned()).map(({ roots }) => roots)).toEqual([[plain], [plain]]);
        expect((await made.app.approvals()).map(({ state }) => state)).toEqual(['released', 'protected']);
        // What was begun here is never taken for somebody else's doing.
        expect(await made.app.findings()).toEqual([]);
        expect((await rebuilt(made.app.tables)).differences).toEqual([]);
      }
      expect(cut).toBeGreaterThan(how === 'before' || how === 'after' ? 20 : ofProd.length);
    },
  );

  it("an unlocking that was cut off, and is no longer wanted, is taken back and told as nobody's doing", async () => {
    const made = imageToProtect({ uses: nothingUsed });
    await made.release('team/app:prod');
    await made.release('team/app:v1');
    made.app.clock.time += twoHours;
    made.memory.faults.losesAnswer = () => true;
    await expect(made.app.enforce()).rejects.toMatchObject({ code: 'registry-silent' });
    expect(await made.flagsOf({ tag: 'prod' })).toEqual(open);
    made.memory.faults.losesAnswer = () => false;
    const scope = { kind: 'repositories', registry: protectedId.registry, pattern: 'team/.*' } as const;
    const legal = { id: 'legal', name: 'Legal', roles: [] };
    await made.app.placeHold(protectedId.registry, { scope, reason: 'litigation' }, legal);
    await made.app.enforce();
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => shut));
    expect(await made.app.findings()).toEqual([]);
  });
});

describe('F10: when what is used is not known for sure', () => {
  it.each<[string, Uses]>([
    [
      'a scanner has nothing to say of one child',
      withUses((digest) => (digest === amd ? undefined : 'unused')),
    ],
    ['a scanner finds the index alone', withUses((digest) => (digest === images.index ? 'used' : 'unused'))],
    ['a scanner finds one child alone', withUses((digest) => (digest === arm ? 'used' : 'unused'))],
    ['no scanner has answered', { of: () => Promise.reject(away) }],
  ])('%s: every lock stays, and goes once it is', async (_, uncertain) => {
    let uses = uncertain;
    const made = imageToProtect({ uses: { of: (...asked) => uses.of(...asked) } });
    uses = nothingUsed;
    await made.release('team/app:prod');
    await made.release('team/app:v1');
    made.app.clock.time += twoHours;
    uses = uncertain;
    const calls = made.memory.calls.length;
    await made.app.enforce().catch((error: unknown) => expect(error).toBe(away));
    expect(made.unlocksAfter(calls)).toEqual([]);
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => shut));
    expect(await made.owned()).toHaveLength(6);
    uses = nothingUsed;
    await made.app.enforce();
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => open));
  });
});

function withUses(use: (digest: string) => 'used' | 'unused' | undefined): Uses {
  return {
    of: async (_, digests) => ({
      uses: new Map(
        digests.flatMap((digest) => {
          const answer = use(digest);
          return answer === undefined ? [] : [[digest, answer] as const];
        }),
      ),
      coverage: { complete: true, fresh: true },
    }),
  };
}
