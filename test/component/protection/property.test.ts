import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { Uses } from '../../../src/audit/protection-ports.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryRegistryLocks, refusal } from '../../builders/memory-registry-locks.ts';
import type { TableFaults } from '../../builders/memory-table.ts';
import { protectedId, protectionApp } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { rebuilt } from '../rebuild/stored-history.ts';

const pushed = Date.UTC(2026, 4, 1);
const hour = 3_600_000;

/** Three releases, each an index of two children of its own and one they share. */
const releases = ['one', 'two', 'three'].map((name) => ({
  tag: name,
  digest: digestOf(name),
  children: [digestOf(`${name} arm`), digestOf(`${name} amd`), digestOf('shared')],
}));

type Step =
  | { readonly step: 'approve'; readonly release: number; readonly environment: string }
  | { readonly step: 'judge'; readonly approval: number; readonly outcome: 'good' | 'failed' }
  | { readonly step: 'end'; readonly approval: number }
  | { readonly step: 'wait'; readonly hours: number }
  | { readonly step: 'hold' }
  | { readonly step: 'lift' }
  | { readonly step: 'unlock'; readonly release: number; readonly part: number }
  | { readonly step: 'move'; readonly release: number }
  | { readonly step: 'inventory'; readonly uses: 'complete' | 'incomplete' | 'stale' | 'used' | 'unknown' }
  /** A run that is cut off at a call, of storage or of a lock. */
  | { readonly step: 'cut'; readonly at: number; readonly of: 'storage' | 'answer' | 'lock' }
  | { readonly step: 'enforce' };

const release = fc.integer({ min: 0, max: releases.length - 1 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({
      step: fc.constant('approve' as const),
      release,
      environment: fc.constantFrom('production', 'staging'),
    }),
    fc.record({
      step: fc.constant('judge' as const),
      approval: fc.nat(5),
      outcome: fc.constantFrom('good' as const, 'failed' as const),
    }),
    fc.record({ step: fc.constant('end' as const), approval: fc.nat(5) }),
    fc.record({ step: fc.constant('wait' as const), hours: fc.constantFrom(1, 30, 24 * 70) }),
    fc.constant({ step: 'hold' as const }),
    fc.constant({ step: 'lift' as const }),
    fc.record({ step: fc.constant('unlock' as const), release, part: fc.nat(3) }),
    fc.record({ step: fc.constant('move' as const), release }),
    fc.record({
      step: fc.constant('inventory' as const),
      uses: fc.constantFrom(
        'complete' as const,
        'incomplete' as const,
        'stale' as const,
        'used' as const,
        'unknown' as const,
      ),
    }),
    fc.record({
      step: fc.constant('cut' as const),
      at: fc.integer({ min: 1, max: 60 }),
      of: fc.constantFrom('storage' as const, 'answer' as const, 'lock' as const),
    }),
    fc.constant({ step: 'enforce' as const }),
  ),
  // Else courses of around ten steps are made, in which hardly a window ends.
  { minLength: 1, maxLength: 25, size: 'max' },
);

/** Lives through the steps; after every whole run what the windows promise has to hold. */
async function live(course: readonly Step[]): Promise<void> {
  const registry = memoryRegistryContent();
  const repository = registry.repository('team/app');
  for (const { tag, digest, children } of releases) {
    for (const child of children) repository.push(undefined, child, pushed);
    repository.pushIndex(tag, digest, children, pushed);
  }
  const memory = memoryRegistryLocks(registry);
  let inventory: Extract<Step, { step: 'inventory' }>['uses'] = 'complete';
  const uses: Uses = {
    of: async (_, digests) => ({
      uses: new Map(
        inventory === 'unknown'
          ? []
          : digests.map((digest, place) => [digest, inventory === 'used' && place === 0 ? 'used' : 'unused']),
      ),
      coverage: { complete: inventory !== 'incomplete', fresh: inventory !== 'stale' },
    }),
  };
  let armed: TableFaults = {};
  const faults = {
    before: (call: string) => armed.before?.(call),
    after: (call: string) => armed.after?.(call),
  };
  const app = protectionApp({ content: registry.content, locks: memory.locks, uses, faults });
  const one = { id: 'one', name: 'One', roles: [] };
  const two = { id: 'two', name: 'Two', roles: [] };

  async function enforced(): Promise<void> {
    const before = memory.calls.length;
    try {
      await app.enforce();
    } finally {
      // Of a run that is cut off as well.
      const unlocked = memory.calls.slice(before).filter(({ flags }) => flags.canDelete || flags.canWrite);
      if (inventory !== 'complete' && inventory !== 'used') expect(unlocked).toEqual([]);
    }
  }

  async function promisesHold(): Promise<void> {
    // A second run: what the first moved on may open or close windows.
    await enforced();
    await enforced();
    const open = (await app.windows()).filter(({ reasons }) => reasons.length > 0);
    for (const { approval } of open) {
      const members = releases.find(({ digest }) => digest === approval.digest)?.children ?? [];
      for (const digest of [approval.digest, ...members]) {
        const seen = await registry.content.manifest('team/app', digest);
        if (seen !== undefined)
          expect([digest, seen.locks]).toMatchObject([digest, { canDelete: false, canWrite: false }]);
      }
      const tag = await registry.content.tag('team/app', approval.tag ?? '');
      if (approval.lockTag && tag?.digest === approval.digest) {
        expect(tag.locks).toMatchObject({ canDelete: false, canWrite: false });
      }
    }
    expect((await rebuilt(app.tables)).differences).toEqual([]);
  }

  /** Of whichever approvals there are. */
  const idOf = async (place: number) => {
    const all = await app.approvals();
    return all[place % Math.max(all.length, 1)]?.id;
  };
  const digestAt = (place: number, part: number): Digest | undefined =>
    [releases[place]?.digest, ...(releases[place]?.children ?? [])][part];

  for (const step of course) {
    switch (step.step) {
      case 'approve': {
        const image = `team/app:${releases[step.release]?.tag}`;
        await app.approve(image, { environment: step.environment });
        break;
      }
      case 'judge': {
        const id = await idOf(step.approval);
        if (id !== undefined) await app.change(id, { event: 'judged', outcome: step.outcome });
        break;
      }
      case 'end': {
        const id = await idOf(step.approval);
        const end = {
          event: 'ended-early',
          by: 'somebody',
          at: app.clock.time,
          reason: 'withdrawn',
        } as const;
        if (id !== undefined) await app.change(id, end);
        break;
      }
      case 'wait':
        app.clock.time += step.hours * hour;
        break;
      case 'hold': {
        const scope = { kind: 'repositories', registry: protectedId.registry, pattern: 'team/.*' } as const;
        await app.placeHold(protectedId.registry, { scope, reason: 'litigation' }, one);
        break;
      }
      case 'lift':
        for (const { id } of (await app.holds()).filter(({ state }) => state === 'held')) {
          await app.changeHold(
            protectedId.registry,
            id,
            () => ({ event: 'lift-asked', by: one.id }),
            one,
            'settled',
          );
          const agreed = { event: 'lift-agreed', by: two.id, at: app.clock.time } as const;
          await app.changeHold(protectedId.registry, id, () => agreed, two, 'settled');
        }
        break;
      case 'unlock': {
        const digest = digestAt(step.release, step.part);
        if (digest !== undefined) repository.lock({ digest }, { canDelete: true, canWrite: true });
        break;
      }
      case 'move': {
        const [from, to] = [releases[step.release], releases[(step.release + 1) % releases.length]];
        if (from !== undefined && to !== undefined) repository.push(from.tag, to.digest, app.clock.time);
        break;
      }
      case 'inventory':
        inventory = step.uses;
        break;
      case 'cut': {
        let calls = 0;
        const cut = () => {
          calls += 1;
          return calls === step.at ? new AuditFault('storage-500', 'cut', { retryable: true }) : undefined;
        };
        if (step.of === 'storage') armed = { before: cut };
        if (step.of === 'answer') armed = { after: cut };
        if (step.of === 'lock') memory.faults.refuse = () => (cut() === undefined ? undefined : refusal(503));
        await enforced().catch((error: unknown) => expect(error).toMatchObject({ retryable: true }));
        armed = {};
        memory.faults.refuse = () => undefined;
        break;
      }
      case 'enforce':
        await promisesHold();
    }
  }
  await promisesHold();
}

describe('when approvals, failures, holds, foreign hands and crashes come in any course', () => {
  it('no digest in a window is left unlocked by a whole run, and nothing is unlocked in doubt', async () => {
    await fc.assert(fc.asyncProperty(steps, live), {
      numRuns: Number(process.env['PROTECTION_RUNS'] ?? 300),
    });
  });
});
