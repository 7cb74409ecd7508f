import { describe, expect, it } from '@jest/globals';
import { askForWork } from '../../../src/audit/asked-work.ts';
import { enforceAfterPush, enforceLocks, enforceNow } from '../../../src/audit/enforce-locks.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { EnforcementRequest } from '../../../src/audit/protection-ports.ts';
import { reconcileRepository } from '../../../src/audit/reconcile-repository.ts';
import { recordFact } from '../../../src/audit/record-fact.ts';
import { knownContent } from '../../../src/storage/known-content.ts';
import { protectionIndex } from '../../../src/storage/protection-index.ts';
import { turnRecords } from '../../../src/storage/turn-records.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { storesOver } from '../../builders/history-stores.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryTable } from '../../builders/memory-table.ts';
import { policyOf, protectedId } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const rule = {
  repositories: 'team/app',
  tags: 'v[0-9.]+',
  matches: ['v1'],
  mustNotMatch: ['latest'],
  environment: 'production',
};
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** History that tells of pushes, with a queue that keeps what is asked for. */
async function setting(isProtected = true) {
  const tables = {
    repositories: memoryTable(),
    digests: memoryTable(),
    log: memoryTable(),
    inventory: memoryTable(),
  };
  const index = protectionIndex(memoryTable());
  if (isProtected)
    await index.note(protectedId.registry, '8222269599997-000000000001', protectedId.repository);
  const asked: EnforcementRequest[] = [];
  const queue = { add: async (request: EnforcementRequest) => void asked.push(request) };
  const onRecorded = enforceAfterPush(policyOf({ protectAtPush: [rule] }), {
    index,
    queue,
    ask: askForWork({
      turns: turnRecords(tables.inventory, 'enforced'),
      send: async (repository, afterTurn) => void asked.push({ ...repository, afterTurn }),
      clock: { now: () => 0 },
    }),
  });
  const stores = { ...storesOver(tables), onRecorded };
  return { tables, index, asked, queue, stores, record: recordFact(stores) };
}

describe('when a push is recorded', () => {
  it('to a repository with approvals, it is looked at, once until that has begun', async () => {
    const { record, asked } = await setting();
    const push = recordOf(fact('a', 0, { tag: 'latest', digest: digestOf('one') }));
    await record(push);
    await record(push);
    expect(asked).toEqual([{ ...protectedId, afterTurn: 0 }]);
  });

  it('of a tag that the policy approves at push, the push is handed on', async () => {
    const { record, asked } = await setting(false);
    await record(recordOf(fact('a', 0, { tag: 'v1.2', digest: digestOf('one') })));
    expect(asked).toEqual([
      { ...protectedId, push: { tag: 'v1.2', digest: digestOf('one'), at: expect.any(Number), id: 'a' } },
    ]);
  });

  it('that matters to nothing, and a deletion, nothing is asked for', async () => {
    const { record, asked } = await setting(false);
    await record(recordOf(fact('a', 0, { tag: 'latest', digest: digestOf('one') })));
    await record(recordOf(fact('b', 1, { action: 'delete', digest: digestOf('one') })));
    expect(asked).toEqual([]);
  });

  it.each([
    ['reconcile', 1],
    ['backfill', 0],
  ] as const)('found by a comparison (%s), %i enforcement is asked for', async (source, count) => {
    const { tables, stores, record, asked } = await setting(false);
    const registry = memoryRegistryContent();
    registry.repository('team/app').push('v1.2', digestOf('one'), 1);
    const compare = reconcileRepository({
      ...stores,
      content: registry.content,
      known: knownContent(tables.repositories),
      record,
      clock: { now: () => 2 },
      log: silent,
    });
    await compare({ ...protectedId, source });
    expect(asked).toHaveLength(count);
  });
});

describe('when every protected repository is looked at', () => {
  it('each is asked for once, whatever was noted of it', async () => {
    const { index, asked, queue } = await setting();
    await index.note(protectedId.registry, '8222269599997-000000000002', protectedId.repository);
    await index.note(protectedId.registry, '8222269599997-000000000003', 'team/api');
    await enforceLocks({ registries: [protectedId.registry], index, queue, log: silent })();
    expect(asked.map(({ repository }) => repository)).toEqual(['team/api', 'team/app']);
  });

  it('what cannot be done at once is asked for', async () => {
    const { asked, queue } = await setting();
    const fault = new AuditFault('registry-503', 'away', { retryable: true });
    await enforceNow({ enforce: () => Promise.reject(fault), queue, log: silent })(protectedId);
    expect(asked).toEqual([protectedId]);
  });
});
