import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonContent } from '../../../src/history/statement.ts';
import { canonicalContent } from '../../../src/ledger/canonical-record.ts';
import { type Approval, approvalStates, type ScanEvidence } from '../../../src/protection/approval.ts';
import { approvalContent, approvalStateKey, readApproval } from '../../../src/protection/approval-content.ts';
import type { Hold } from '../../../src/protection/hold.ts';
import { holdContent, holdStateKey, readHold } from '../../../src/protection/hold-content.ts';
import { manifestTarget, tagTarget } from '../../../src/protection/lock-target.ts';
import type { OwnedLock } from '../../../src/protection/owned-lock.ts';
import { lockStateKey, ownedLockContent, readOwnedLock } from '../../../src/protection/owned-lock-content.ts';
import { approvalOf, repositoryHold } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((one) => one.isWellFormed() && one !== '');
const time = fc.maxSafeNat();
const digest = fc.string({ maxLength: 3 }).map(digestOf);
const tag = fc.constantFrom('prod', '1.4.2', '_', 'A'.repeat(128));
const id = fc.uuid();

const approvals: fc.Arbitrary<Approval> = fc.record(
  {
    id,
    registry: fc.constant('contoso.azurecr.io'),
    repository: fc.constantFrom('team/app', 'base'),
    digest,
    environment: fc.constantFrom('production', 'test'),
    reason: text,
    approver: fc.record({ id: text, name: fc.oneof(text, fc.constant('')) }),
    requestedAt: time,
    retainFor: time,
    retainReleases: fc.integer({ min: 1, max: 100 }),
    lockTag: fc.boolean(),
    state: fc.constantFrom(...approvalStates),
    tag,
    ticket: text,
    build: text,
    commit: text,
    scan: fc.record(
      {
        tool: text,
        status: fc.constantFrom('passed', 'warning', 'failed'),
        counts: fc.dictionary(fc.constantFrom('critical', 'high', 'low', '__proto__'), fc.nat()),
        report: text,
      },
      { requiredKeys: ['tool', 'status'] },
    ),
    rollbackDigest: digest,
    notes: text,
    monitoringWindow: time,
    outcome: fc.constantFrom('good', 'failed'),
    failure: text,
    endedEarly: fc.record({ by: text, at: time, reason: text }),
  },
  {
    requiredKeys: [
      ...(['id', 'registry', 'repository', 'digest', 'environment', 'reason', 'approver'] as const),
      ...(['requestedAt', 'retainFor', 'retainReleases', 'lockTag', 'state'] as const),
    ],
  },
);

const locks: fc.Arbitrary<OwnedLock> = fc.record(
  {
    target: fc.oneof(digest.map(manifestTarget), tag.map(tagTarget)),
    before: fc.record({ canDelete: fc.boolean(), canWrite: fc.boolean() }),
    approvals: fc.array(id, { maxLength: 4 }),
    roots: fc.array(digest, { maxLength: 4 }),
    needs: fc.array(digest, { maxLength: 4 }),
    setAt: time,
    verifiedAt: time,
  },
  { requiredKeys: ['target', 'before', 'approvals', 'roots', 'needs', 'setAt'] },
);

const holds: fc.Arbitrary<Hold> = fc.record(
  {
    id,
    scope: fc.oneof(
      fc.record({ kind: fc.constant('approval' as const), approval: id }),
      fc.record({
        kind: fc.constant('repositories' as const),
        registry: fc.constant('contoso.azurecr.io'),
        pattern: fc.constantFrom('team/.*', '(broken'),
      }),
    ),
    reason: text,
    placedBy: text,
    placedAt: time,
    state: fc.constantFrom('held', 'lifting', 'lifted'),
    liftAskedBy: text,
    liftedBy: text,
    liftedAt: time,
  },
  { requiredKeys: ['id', 'scope', 'reason', 'placedBy', 'placedAt', 'state'] },
);

interface Kept {
  /** Any content of the kind, and what reading it gives. */
  readonly contents: fc.Arbitrary<{ readonly of: object; readonly content: JsonContent }>;
  readonly read: (content: JsonContent) => unknown;
  readonly required: readonly string[];
}

const kinds: Readonly<Record<string, Kept>> = {
  approval: {
    contents: approvals.map((of) => ({ of, content: approvalContent(of) })),
    read: readApproval,
    required: [
      ...['id', 'registry', 'repository', 'digest', 'environment', 'reason', 'approver', 'requestedAt'],
      ...['retainFor', 'retainReleases', 'lockTag', 'state'],
    ],
  },
  'lock set here': {
    contents: locks.map((of) => ({ of, content: ownedLockContent(of) })),
    read: readOwnedLock,
    required: ['target', 'before', 'approvals', 'roots', 'needs', 'setAt'],
  },
  hold: {
    contents: holds.map((of) => ({ of, content: holdContent(of) })),
    read: readHold,
    required: ['id', 'scope', 'reason', 'placedBy', 'placedAt', 'state'],
  },
};

function isContent(value: unknown): value is JsonContent {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function throughJson(content: JsonContent): JsonContent {
  const parsed: unknown = JSON.parse(canonicalContent(content));
  if (!isContent(parsed)) throw new TypeError('the content is no object');
  return parsed;
}

describe.each(Object.entries(kinds))('when a stored %s is read', (_, { contents, read, required }) => {
  it('is what was written, through canonical JSON', () => {
    fc.assert(
      fc.property(contents, ({ of, content }) => {
        expect(read(throughJson(content))).toEqual(of);
      }),
    );
  });

  it('passes over what a later version added', () => {
    fc.assert(
      fc.property(contents, fc.jsonValue(), ({ of, content }, added) => {
        expect(read(throughJson({ ...content, addedLater: JSON.parse(JSON.stringify(added)) }))).toEqual(of);
      }),
    );
  });

  it.each(required)('is none without its %s', (name) => {
    fc.assert(
      fc.property(contents, ({ content }) => {
        const { [name]: _removed, ...others } = content;
        expect(read(others)).toBeUndefined();
      }),
      { numRuns: 10 },
    );
  });

  it('is none when a part is of another kind, and never throws', () => {
    fc.assert(
      fc.property(contents, fc.nat(), ({ content }, at) => {
        const names = Object.keys(content);
        const name = names[at % names.length] ?? '';
        // No part is a list with a list in it.
        expect(read({ ...content, [name]: [[]] })).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(contents, fc.nat(), fc.jsonValue(), ({ content }, at, garbage) => {
        const names = Object.keys(content);
        const name = names[at % names.length] ?? '';
        read({ ...content, [name]: JSON.parse(JSON.stringify(garbage)) });
      }),
    );
  });

  it('is none when it is anything else', () => {
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => isContent(value)),
        (garbage) => {
          if (isContent(garbage)) expect(read(garbage)).toBeUndefined();
        },
      ),
    );
  });
});

describe('when a part of a stored content is not what it was', () => {
  const lock: OwnedLock = {
    target: manifestTarget(digestOf('one')),
    before: { canDelete: true, canWrite: true },
    approvals: ['a1'],
    roots: [digestOf('one')],
    needs: [],
    setAt: 1,
  };

  it.each<[string, JsonContent]>([
    ['a target of no kind', { target: { digest: digestOf('one') } }],
    ['a target that is all of a repository', { target: { kind: 'tag', tag: '' } }],
    ['a target that is no tag', { target: { kind: 'tag', tag: 'a/b' } }],
    ['a target that is no digest', { target: { kind: 'manifest', digest: 'sha256:abc' } }],
    ['flags that are no flags', { before: { canDelete: 'true', canWrite: true } }],
    ['a root that is no digest', { roots: [digestOf('one'), 'latest'] }],
    ['a time that is text', { setAt: '2026-05-02T00:00:00Z' }],
    ['a time before 1970', { verifiedAt: -1 }],
  ])('%s makes it no lock', (_, part) => {
    expect(readOwnedLock({ ...ownedLockContent(lock), ...part })).toBeUndefined();
  });

  it.each<[string, JsonContent]>([
    ['a state that is not known', { state: 'paused' }],
    ['an approver without an id', { approver: { name: 'Release manager' } }],
    ['a scan without a tool', { scan: { status: 'passed' } }],
    ['a scan of another status', { scan: { tool: 'trivy', status: 'clean' } }],
    ['a scan that counts by no severity', { scan: { tool: 'trivy', status: 'passed', counts: 7 } }],
    ['a count that is no number', { scan: { tool: 'trivy', status: 'passed', counts: { high: 'two' } } }],
    ['an end that nobody asked for', { endedEarly: { at: 1, reason: 'withdrawn' } }],
    ['an end at no time', { endedEarly: { by: 'release-1', reason: 'withdrawn' } }],
    ['an end without a reason', { endedEarly: { by: 'release-1', at: 1 } }],
  ])('%s makes it no approval', (_, part) => {
    expect(readApproval({ ...approvalContent(approvalOf()), ...part })).toBeUndefined();
  });

  it.each<[string, JsonContent]>([
    ['a scope of a kind that is not known', { scope: { kind: 'registry', registry: 'contoso.azurecr.io' } }],
    ['a scope of no kind', { scope: { approval: 'a1' } }],
    ['a scope of no approval', { scope: { kind: 'approval' } }],
    ['a scope of no repositories', { scope: { kind: 'repositories', registry: 'contoso.azurecr.io' } }],
    ['a scope of no registry', { scope: { kind: 'repositories', pattern: '.*' } }],
    ['a state that is not known', { state: 'paused' }],
  ])('%s makes it no hold', (_, part) => {
    expect(readHold({ ...holdContent(repositoryHold()), ...part })).toBeUndefined();
  });
});

describe('when an approval was stored', () => {
  it.each(approvalStates)('and is %s, that is read', (state) => {
    const approval = approvalOf({ state });
    expect(readApproval(throughJson(approvalContent(approval)))).toEqual(approval);
  });

  it('with a scan that counted nothing, it has no counts, which is not the same as counts of nothing', () => {
    const scan: ScanEvidence = { tool: 'trivy', status: 'passed' };
    for (const given of [scan, { ...scan, counts: {} }]) {
      const read = readApproval(throughJson(approvalContent(approvalOf({ scan: given }))));
      expect(read?.scan).toEqual(given);
    }
  });
});

describe('when the key of a state is asked for', () => {
  it('begins with what it is of', () => {
    expect(approvalStateKey('a1')).toBe('a|a1');
    expect(lockStateKey(manifestTarget(digestOf('one')))).toBe(`k|${digestOf('one')}`);
    expect(lockStateKey(tagTarget('1.4.2'))).toBe('k|tag:1.4.2');
    expect(holdStateKey('h1')).toBe('h|h1');
  });
});
