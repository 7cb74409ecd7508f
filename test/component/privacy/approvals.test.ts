import { describe, expect, it } from '@jest/globals';
import { type Pseudonyms, pseudonymsBy } from '../../../src/audit/pseudonyms.ts';
import { recordFact } from '../../../src/audit/record-fact.ts';
import { type PrivacyKey, privacyKey } from '../../../src/ledger/pseudonym.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { storesOver } from '../../builders/history-stores.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryRegistryLocks } from '../../builders/memory-registry-locks.ts';
import { policyOf, protectedId, protectionApp } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const policy = policyOf({
  environments: [{ name: 'production', approvers: { distinctFromPusher: true } }],
  repositories: [{ repositories: 'team/.*', environments: ['production'] }],
});
const digest = digestOf('one');

function pseudonymsOf(byte: number): Pseudonyms {
  const key: PrivacyKey | undefined = privacyKey(new Uint8Array(32).fill(byte));
  if (key === undefined) throw new Error('no key');
  return pseudonymsBy({ hashAddresses: false, hashActors: true }, () => Promise.resolve(key));
}

/** What an approval by somebody ends in, of an image that `kim` pushed: recorded and approved with, or without, a key. */
async function approvalBy(who: string, recordedWith?: Pseudonyms, approvedWith?: Pseudonyms) {
  const registry = memoryRegistryContent();
  registry.repository(protectedId.repository).push('v1', digest, Date.UTC(2026, 4, 1));
  const { locks } = memoryRegistryLocks(registry);
  const named = approvedWith === undefined ? {} : { pseudonyms: approvedWith };
  const app = protectionApp({ content: registry.content, locks, policy, ...named });
  const pushed = fact('push', 0, { tag: 'v1', digest, client: { actor: 'kim' } });
  const record = recordFact({ ...storesOver(app.tables), ...(recordedWith && { pseudonyms: recordedWith }) });
  await record(recordOf(pushed));
  const outcome = await app.approve('team/app:v1', {}, who);
  return outcome.outcome === 'refused' ? outcome.refusals.map(({ code }) => code) : outcome.outcome;
}

describe('when approvers have to be others than pushers, who are recorded by pseudonym', () => {
  const [key, otherKey] = [pseudonymsOf(7), pseudonymsOf(8)];

  it.each([
    ['the pusher is refused', 'kim', key, key, ['approver-pushed-it']],
    ['in any letter case', 'Kim', key, key, ['approver-pushed-it']],
    ['another one is not', 'pat', key, key, 'approved'],
    ['the pusher of what was recorded in plain is refused', 'kim', undefined, key, ['approver-pushed-it']],
    ['nobody is believed once the key is another', 'pat', key, otherKey, ['pusher-unreadable']],
    ['nor once there is none', 'pat', key, undefined, ['pusher-unreadable']],
  ])('%s', async (_, who, recordedWith, approvedWith, outcome) => {
    expect(await approvalBy(who, recordedWith, approvedWith)).toEqual(outcome);
  });
});
