import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { Uses } from '../../../src/audit/protection-ports.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryRegistryLocks, refusal } from '../../builders/memory-registry-locks.ts';
import type { TableFaults } from '../../builders/memory-table.ts';
import { policyOf, protectedId, protectionApp } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { rebuilt } from '../rebuild/stored-history.ts';

const pushed = Date.UTC(2026, 4, 1);
const [index, arm, amd, plain, other] = [
  digestOf('index'),
  digestOf('arm'),
  digestOf('amd'),
  digestOf('plain'),
  digestOf('other'),
];
const minute = 60_000;

/** A registry with an index of two children as `prod`, and the app that protects it. */
function setting(options: { readonly uses?: Uses; readonly faults?: TableFaults } = {}) {
  const registry = memoryRegistryContent();
  const repository = registry.repository('team/app');
  repository.push(undefined, arm, pushed);
  repository.push(undefined, amd, pushed);
  repository.pushIndex('prod', index, [arm, amd], pushed);
  repository.push('v1', plain, pushed);
  const memory = memoryRegistryLocks(registry);
  const app = protectionApp({ content: registry.content, locks: memory.locks, ...options });
  return {
    registry,
    repository,
    memory,
    app,
    async flagsOf(what: Digest | string) {
      const seen = what.startsWith('sha256:')
        ? await registry.content.manifest('team/app', digestOfText(what))
        : await registry.content.tag('team/app', what);
      return seen && [seen.locks.canDelete, seen.locks.canWrite];
    },
  };
}

function digestOfText(text: string): Digest {
  const found = [index, arm, amd, plain, other].find((digest) => digest === text);
  if (found === undefined) throw new Error(text);
  return found;
}

const locked = [false, false];
const open = [true, true];

/** Inventories that were read completely, lately, and in which nothing is used. */
const unused: Uses = {
  of: async (_, digests) => ({
    uses: new Map(digests.map((digest) => [digest, 'unused'])),
    coverage: { complete: true, fresh: true },
  }),
};

describe('when a run of enforcement is cut off anywhere', () => {
  it.each(['before', 'after'] as const)(
    'at any call of storage (%s it is made), the next run makes it whole',
    async (moment) => {
      let runs = 0;
      for (let cut = 1; ; cut += 1) {
        let calls = 0;
        let isCut = false;
        const faults: TableFaults = {
          [moment]: () => {
            calls += 1;
            if (calls !== cut || isCut) return undefined;
            isCut = true;
            return new AuditFault('storage-500', 'cut', { retryable: true });
          },
        };
        let armed: TableFaults = {};
        const { app, flagsOf } = setting({
          faults: { before: (call) => armed.before?.(call), after: (call) => armed.after?.(call) },
        });
        await app.approve('team/app:prod');
        armed = faults;
        await app.enforce().catch((error: unknown) => expect(error).toMatchObject({ retryable: true }));
        armed = {};
        await app.enforce();
        for (const what of [index, arm, amd, 'prod'])
          expect([cut, await flagsOf(what)]).toEqual([cut, locked]);
        expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
        expect(await app.findings()).toEqual([]);
        expect((await rebuilt(app.tables)).differences).toEqual([]);
        runs += 1;
        if (!isCut) break;
      }
      expect(runs).toBeGreaterThan(20);
    },
  );

  it('at any lock, with its answer lost or not, the next run makes it whole', async () => {
    for (let cut = 1; cut <= 4; cut += 1) {
      for (const how of ['refuse', 'losesAnswer'] as const) {
        const { app, memory, flagsOf } = setting();
        await app.approve('team/app:prod');
        let calls = 0;
        if (how === 'refuse') memory.faults.refuse = () => (++calls === cut ? refusal(429) : undefined);
        else memory.faults.losesAnswer = () => ++calls === cut;
        await expect(app.enforce()).rejects.toMatchObject({ retryable: true });
        memory.faults.refuse = () => undefined;
        memory.faults.losesAnswer = () => false;
        await app.enforce();
        for (const what of [index, arm, amd, 'prod']) expect(await flagsOf(what)).toEqual(locked);
        expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
      }
    }
  });
});

describe('when the registry does not do as asked', () => {
  it('a refusal is a finding, the index waits for its child, and it is over once it is done', async () => {
    const { app, memory, flagsOf } = setting();
    await app.approve('team/app:prod');
    memory.faults.refuse = (call) => (call.endsWith(arm) ? refusal(405) : undefined);
    await app.enforce();
    expect(await flagsOf(amd)).toEqual(locked);
    expect(await flagsOf(index)).toEqual(open);
    expect(await flagsOf('prod')).toEqual(open);
    expect(await app.approvals()).toMatchObject([{ state: 'protecting' }]);
    expect(await app.findings()).toMatchObject([
      { kind: 'LockFailed', subject: { digest: arm }, detail: { code: 'registry-405' } },
    ]);

    memory.faults.refuse = () => undefined;
    await app.enforce();
    expect(await flagsOf(index)).toEqual(locked);
    expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
    expect(await app.findings()).toEqual([]);
    expect(await app.findings('resolved')).toMatchObject([{ kind: 'LockFailed' }]);
  });

  it('a lock that shows late is not taken for set', async () => {
    const { app, memory, flagsOf } = setting();
    await app.approve('team/app:v1');
    memory.faults.isLate = () => true;
    await app.enforce();
    expect(await app.approvals()).toMatchObject([{ state: 'protecting' }]);
    expect(await app.findings()).toMatchObject([{ kind: 'LockFailed', detail: { code: 'not-read-back' } }]);
    memory.arrive();
    memory.faults.isLate = () => false;
    await app.enforce();
    expect(await flagsOf(plain)).toEqual(locked);
    expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
  });

  it('an index that cannot be read is never protected, and what is known of it is locked', async () => {
    const { app, registry, flagsOf } = setting();
    await app.approve('team/app:prod');
    registry.faults.fail = (call) =>
      call === `document team/app@${arm}`
        ? new AuditFault('registry-403', 'no', { retryable: false })
        : undefined;
    await app.enforce();
    expect(await flagsOf(amd)).toEqual(locked);
    expect(await app.approvals()).toMatchObject([{ state: 'protecting' }]);
    expect(await app.findings()).toMatchObject([{ kind: 'LockIncomplete', subject: { digest: index } }]);
    registry.faults.fail = () => undefined;
    await app.enforce();
    expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
    expect(await app.findings()).toEqual([]);
  });
});

describe('F4: when a tag and its manifest have locks of their own', () => {
  it('both are set, and a tag that is unlocked alone is locked again and told', async () => {
    const { app, repository, flagsOf } = setting();
    await app.approve('team/app:v1');
    await app.enforce();
    expect([await flagsOf(plain), await flagsOf('v1')]).toEqual([locked, locked]);
    repository.lock({ tag: 'v1' }, { canWrite: true });
    await app.enforce();
    expect(await flagsOf('v1')).toEqual(locked);
    expect(await app.findings()).toMatchObject([
      { kind: 'LockRemoved', subject: { tag: 'v1' }, detail: { opened: ['write'] } },
    ]);
  });
});

describe('when a lock could not be read before it was found undone', () => {
  it('the window of its removal begins at the last time it was surely there', async () => {
    const { app, registry, repository } = setting();
    await app.approve('team/app:prod');
    await app.enforce();
    const lastSeen = app.clock.time;
    repository.lock({ digest: arm }, { canDelete: true });
    registry.faults.fail = (call) =>
      call === `manifest team/app@${arm}`
        ? new AuditFault('registry-403', 'no', { retryable: false })
        : undefined;
    app.clock.time += minute;
    await app.enforce();
    registry.faults.fail = () => undefined;
    app.clock.time += minute;
    await app.enforce();
    const removed = (await app.findings()).find(({ kind }) => kind === 'LockRemoved');
    expect(removed?.detail['notBefore']).toBeLessThanOrEqual(lastSeen);
  });
});

describe('F12: when a tag moved', () => {
  it('before the approval, it is refused with both digests, and nothing is recorded', async () => {
    const { app } = setting();
    expect(await app.approve(`team/app:v1@${index}`)).toEqual({
      outcome: 'moved',
      asked: index,
      found: plain,
    });
    expect(app.statements()).toEqual([]);
  });

  it('between the approval and the lock, the digest is locked, the tag is a finding', async () => {
    const { app, repository, flagsOf } = setting();
    await app.approve('team/app:v1');
    repository.push('v1', other, pushed + 1);
    await app.enforce();
    expect(await flagsOf(plain)).toEqual(locked);
    expect([await flagsOf('v1'), await flagsOf(other)]).toEqual([open, open]);
    expect(await app.findings()).toMatchObject([
      {
        kind: 'ProtectedTagMoved',
        subject: { tag: 'v1' },
        detail: { approvedDigest: plain, foundDigest: other },
      },
    ]);
    expect(await app.approvals()).toMatchObject([{ state: 'protecting' }]);
  });
});

describe('F9: when a window is over', () => {
  async function overdue(uses: Uses) {
    const made = setting({ uses });
    await made.app.approve('team/app:prod', { retainFor: 'PT1H', retainReleases: 1 });
    await made.app.enforce();
    await made.app.approve('team/app:v1', { retainFor: 'PT1H' });
    await made.app.enforce();
    made.app.clock.time += 2 * 60 * minute;
    return made;
  }

  it('its locks are undone, tag first and children last, and only its own', async () => {
    const { app, memory, flagsOf } = await overdue(unused);
    const before = memory.calls.length;
    expect(await app.enforce()).toMatchObject({ unlocked: 4 });
    for (const what of [index, arm, amd, 'prod']) expect(await flagsOf(what)).toEqual(open);
    expect([await flagsOf(plain), await flagsOf('v1')]).toEqual([locked, locked]);
    const order = memory.calls.slice(before).map(({ call }) => call.replace('team/app ', ''));
    expect(order[0]).toBe('tag:prod');
    expect(order[1]).toBe(index);
    await app.enforce();
    expect(await app.approvals()).toMatchObject([{ state: 'released' }, { state: 'protected' }]);
    expect((await rebuilt(app.tables)).differences).toEqual([]);
  });

  const doubts: readonly (readonly [string, Uses])[] = [
    [
      'one child is used',
      {
        of: async (id, digests) => ({
          ...(await unused.of(id, digests)),
          uses: new Map([...digests.map((digest) => [digest, 'unused'] as const), [arm, 'used']]),
        }),
      },
    ],
    [
      'one use is unknown',
      {
        of: async (id, digests) => ({
          ...(await unused.of(id, digests)),
          uses: new Map(
            digests.filter((digest) => digest !== amd).map((digest) => [digest, 'unused'] as const),
          ),
        }),
      },
    ],
    [
      'not every source was read',
      {
        of: async (id, digests) => ({
          ...(await unused.of(id, digests)),
          coverage: { complete: false, fresh: true },
        }),
      },
    ],
    [
      'a source is out of date',
      {
        of: async (id, digests) => ({
          ...(await unused.of(id, digests)),
          coverage: { complete: true, fresh: false },
        }),
      },
    ],
  ];
  it.each(doubts)('F10: its locks stay while %s', async (_, uses) => {
    const { app, memory, flagsOf } = await overdue(uses);
    const before = memory.calls.length;
    await app.enforce();
    expect(memory.calls.slice(before).filter(({ flags }) => flags.canDelete || flags.canWrite)).toEqual([]);
    for (const what of [index, arm, amd, 'prod']) expect(await flagsOf(what)).toEqual(locked);
  });

  it('its locks stay while a hold covers it, which two people have to lift', async () => {
    const { app, flagsOf } = await overdue(unused);
    const one = { id: 'one', name: 'One', roles: [] };
    const two = { id: 'two', name: 'Two', roles: [] };
    const scope = { kind: 'repositories', registry: protectedId.registry, pattern: 'team/.*' } as const;
    const hold = await app.placeHold(protectedId.registry, { scope, reason: 'litigation' }, one);
    await app.enforce();
    expect(await flagsOf(index)).toEqual(locked);
    const lift = (by: typeof one) =>
      app.changeHold(
        protectedId.registry,
        hold.id,
        ({ state }) =>
          state === 'lifting'
            ? { event: 'lift-agreed', by: by.id, at: app.clock.time }
            : { event: 'lift-asked', by: by.id },
        by,
        'settled',
      );
    expect(await lift(one)).toMatchObject({ outcome: 'advanced', hold: { state: 'lifting' } });
    expect(await lift(one)).toMatchObject({ outcome: 'refused' });
    await app.enforce();
    expect(await flagsOf(index)).toEqual(locked);
    expect(await lift(two)).toMatchObject({ outcome: 'advanced', hold: { state: 'lifted' } });
    await app.enforce();
    expect(await flagsOf(index)).toEqual(open);
  });
});

describe('F13: when no tag or digest is named', () => {
  it('nothing is approved, and no call names a whole repository', async () => {
    const { app, memory } = setting();
    await expect(app.approve('team/app')).rejects.toThrow('tag or digest');
    await expect(app.approve('team/app:')).rejects.toThrow();
    await app.approve('team/app:prod');
    await app.enforce();
    for (const { call } of memory.calls) expect(call).toMatch(/^team\/app (?:sha256:[0-9a-f]{64}|tag:\S+)$/);
  });
});

describe('when an approved digest goes', () => {
  it('one that was protected is a critical finding; one that never was there cannot be approved', async () => {
    const { app, repository } = setting();
    await app.approve('team/app:v1');
    await app.enforce();
    repository.deleteManifest(plain);
    await app.enforce();
    expect(await app.findings()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'ProtectedDigestDeleted', severity: 'critical' }),
      ]),
    );
    expect(await app.approve(`team/app@${other}`)).toEqual({ outcome: 'missing', what: 'digest' });
    expect(await app.approve('team/app:gone')).toEqual({ outcome: 'missing', what: 'tag' });
  });
});

describe('when what was approved goes before it is protected', () => {
  it('the approval fails with the reason, and nothing is locked for it', async () => {
    const { app, repository, flagsOf } = setting();
    await app.approve('team/app:prod');
    repository.deleteManifest(index);
    await app.enforce();
    expect(await app.approvals()).toMatchObject([
      { state: 'failed', failure: `${index} is not in the registry` },
    ]);
    await app.enforce();
    expect(await flagsOf(arm)).toEqual(open);
    expect(await app.findings()).toMatchObject([
      { kind: 'ApprovedDigestMissing', subject: { digest: index } },
    ]);
    repository.pushIndex('prod', index, [arm, amd], pushed + minute);
    await app.approve('team/app:prod');
    await app.enforce();
    expect((await app.approvals()).map(({ state }) => state)).toEqual(['failed', 'protected']);
    expect(await app.findings()).toEqual([]);
  });
});

describe('when two approve for one environment at once', () => {
  it('one is current and the other superseded, whoever looks', async () => {
    const { app } = setting();
    await Promise.all([app.approve('team/app:prod'), app.approve('team/app:v1')]);
    await app.enforce();
    await app.enforce();
    expect((await app.approvals()).map(({ state }) => state)).toEqual(['superseded', 'protected']);
  });
});

describe('when the policy approves tags at push', () => {
  function atPush() {
    const registry = memoryRegistryContent();
    const repository = registry.repository('team/app');
    repository.push('v1.2.3', plain, pushed);
    const rule = {
      repositories: 'team/app',
      tags: 'v[0-9.]+',
      matches: ['v1'],
      mustNotMatch: ['latest'],
      environment: 'production',
    };
    const app = protectionApp({
      content: registry.content,
      locks: memoryRegistryLocks(registry).locks,
      policy: policyOf({ protectAtPush: [rule] }),
    });
    return { app, repository, push: { tag: 'v1.2.3', digest: plain, at: app.clock.time, id: 'event-1' } };
  }

  it('a push told twice is one approval, by the policy', async () => {
    const { app, push } = atPush();
    await app.enforceNext({ ...protectedId, push });
    await app.enforceNext({ ...protectedId, push });
    expect(await app.approvals()).toMatchObject([
      { state: 'protected', approver: { id: 'policy' }, digest: plain },
    ]);
    expect(app.statements().filter(({ kind }) => kind === 'approval-requested')).toHaveLength(1);
  });

  it('a push that the registry does not show is asked again for five minutes, and never approved', async () => {
    const { app, repository, push } = atPush();
    repository.push('dev', arm, pushed);
    const forged = { ...push, digest: arm };
    await expect(app.enforceNext({ ...protectedId, push: forged })).rejects.toMatchObject({
      code: 'push-not-seen',
      retryable: true,
    });
    app.clock.time += 5 * minute;
    await app.enforceNext({ ...protectedId, push: forged });
    await app.enforceNext({ ...protectedId, push: { ...forged, tag: 'v9' } });
    expect(await app.approvals()).toEqual([]);
  });

  it('a push that the registry shows only later is approved then', async () => {
    const { app, repository, push } = atPush();
    const late = { ...push, tag: 'v1.2.4' };
    await expect(app.enforceNext({ ...protectedId, push: late })).rejects.toMatchObject({ retryable: true });
    repository.push('v1.2.4', plain, pushed);
    await app.enforceNext({ ...protectedId, push: late });
    expect(await app.approvals()).toMatchObject([{ state: 'protected', tag: 'v1.2.4', digest: plain }]);
  });

  it('what else is approved in the repository is enforced, though the push is not shown', async () => {
    const { app, push } = atPush();
    await app.approve('team/app:v1.2.3');
    await expect(app.enforceNext({ ...protectedId, push: { ...push, tag: 'v9' } })).rejects.toThrow();
    expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
  });

  it('a push to a registry whose content cannot be read is not approved', async () => {
    const { app, push } = atPush();
    const elsewhere = { registry: 'fabrikam.azurecr.io', repository: 'team/app' };
    await app.enforceNext({ ...elsewhere, push });
    expect(await app.approvals()).toEqual([]);
  });

  it('enforcement asked for long ago is left to one that began since, but not what is approved just now', async () => {
    const { app, repository, push } = atPush();
    const asked = { ...protectedId, afterTurn: 0 };
    await app.approve('team/app:v1.2.3');
    await app.enforceNext(asked);
    expect(await app.approvals()).toMatchObject([{ state: 'protected' }]);
    repository.push('v1.2.4', arm, pushed);
    await app.approve('team/app:v1.2.4');
    await app.enforceNext(asked);
    expect((await app.approvals()).map(({ state }) => state)).toEqual(['protected', 'requested']);
    await app.enforceNext({ ...asked, push: { ...push, id: 'event-2' } });
    expect((await app.approvals()).map(({ state }) => state)).not.toContain('requested');
  });
});
