import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../../src/protection/approval.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import { windowsAt } from '../../../src/protection/rollback-window.ts';
import { type ImageFacts, judgeDeployment, type VerdictCode } from '../../../src/protection/verdict.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import { parseReference } from '../../../src/registry/reference.ts';
import { policyDocument } from '../../builders/policy-document.ts';
import { approvalOf, start } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const policyReading = readPolicy(policyDocument());
if (!policyReading.ok) throw new Error(JSON.stringify(policyReading.problems));
const { policy } = policyReading;

const digest = digestOf('a1');
const pinned = `contoso.azurecr.io/team/app:v1.4.2@${digest}`;

function facts(given: Partial<ImageFacts> = {}, approvals: readonly Approval[] = [approvalOf()]): ImageFacts {
  const image = given.image ?? pinned;
  return {
    image,
    reading: parseReference(image),
    tagDigest: digest,
    exists: true,
    closure: 'whole',
    locked: true,
    windows: windowsAt(approvals, [], start),
    ...given,
  };
}

/** What a reason says, by which somebody puts it right. */
const words: Readonly<Partial<Record<VerdictCode, RegExp>>> = {
  'not-pinned': /a tag may move.*: pin it as contoso\.azurecr\.io\/team\/app@sha256:/,
  'tag-moved': /^v1\.4\.2 (is gone|points to sha256:\w+ now)$/,
  'not-approved': /not approved for production/,
  'approval-over': /window of approval \S+ is over: approve it again/,
  'release-failed': /release of approval \S+ failed/,
  'protection-pending': /approval \S+ is (requested|protecting): its locks are being set/,
  'not-protected': /approval \S+ is protected, but not all of its locks are there/,
  'protection-unknown': /locks could not be read/,
  missing: /registry does not have it/,
  'existence-unknown': /registry could not be asked/,
  'closure-incomplete': /parts of it are missing/,
  'closure-unknown': /could not be read/,
  'not-a-reference': /expected/,
  'registry-not-named': /name the image with its registry/,
  'registry-not-approved': /fabrikam\.azurecr\.io is no approved registry/,
  'environment-not-of-repository': /images of tools\/lint do not go to this environment/,
  'environment-unknown': /no such environment/,
  'nothing-asked': /no image was named/,
};

const ended = { endedEarly: { by: 'release-1', at: start, reason: 'withdrawn' } };

describe('judgeDeployment', () => {
  it('when the image is pinned, approved, whole and locked, passes', () => {
    expect(judgeDeployment(policy, 'production', [facts()])).toEqual({
      verdict: 'pass',
      items: [{ image: pinned, verdict: 'pass', reasons: [] }],
      reasons: [],
    });
  });

  it.each<[string, ImageFacts, string, readonly string[]]>([
    [
      'it is named by tag alone',
      facts({ image: 'contoso.azurecr.io/team/app:v1.4.2' }),
      'warn',
      ['not-pinned'],
    ],
    ['its tag moved (F12)', facts({ tagDigest: digestOf('other') }), 'fail', ['tag-moved']],
    ['its tag is gone', facts({ tagDigest: 'gone' }), 'fail', ['tag-moved']],
    ['nobody approved it', facts({}, []), 'fail', ['not-approved']],
    [
      'it was approved for elsewhere',
      facts({}, [approvalOf({ environment: 'staging' })]),
      'fail',
      ['not-approved'],
    ],
    ['its approval was ended', facts({}, [approvalOf(ended)]), 'fail', ['approval-over']],
    ['its approval failed', facts({}, [approvalOf({ state: 'failed' })]), 'fail', ['not-approved']],
    ['its release failed before', facts({}, [approvalOf({ outcome: 'failed' })]), 'fail', ['release-failed']],
    [
      'its locks are being set',
      facts({ locked: false }, [approvalOf({ state: 'protecting' })]),
      'warn',
      ['protection-pending'],
    ],
    [
      'its locks are about to be set',
      facts({ locked: false }, [approvalOf({ state: 'requested' })]),
      'warn',
      ['protection-pending'],
    ],
    [
      'it is named by a regional endpoint',
      facts({ image: `contoso.westeurope.geo.azurecr.io/team/app@${digest}`, locked: false }),
      'fail',
      ['not-protected'],
    ],
    ['a lock is missing', facts({ locked: false }), 'fail', ['not-protected']],
    ['its locks cannot be read', facts({ locked: 'unknown' }), 'warn', ['protection-unknown']],
    ['it is not there', facts({ exists: false }), 'fail', ['missing']],
    ['the registry does not answer', facts({ exists: 'unknown' }), 'fail', ['existence-unknown']],
    ['a child is missing', facts({ closure: 'partial' }), 'fail', ['closure-incomplete']],
    ['its parts cannot be read', facts({ closure: 'unknown' }), 'fail', ['closure-unknown']],
    ['it is no reference', facts({ image: 'a b' }), 'fail', ['not-a-reference']],
    ['it names no registry', facts({ image: `team/app@${digest}` }), 'fail', ['registry-not-named']],
    [
      'it is from elsewhere',
      facts({ image: `fabrikam.azurecr.io/team/app@${digest}` }),
      'fail',
      ['registry-not-approved'],
    ],
    [
      'its repository does not go there',
      facts({ image: `contoso.azurecr.io/tools/lint@${digest}` }),
      'fail',
      ['environment-not-of-repository'],
    ],
  ])('when %s, says so', (_, image, verdict, codes) => {
    const judged = judgeDeployment(policy, 'production', [image]);
    expect(judged.verdict).toBe(verdict);
    expect(judged.items[0]?.reasons.map(({ code }) => code)).toEqual(codes);
    for (const { code, detail } of judged.items[0]?.reasons ?? [])
      expect(detail).toMatch(words[code] ?? /^$/);
  });

  it('when an image can be pinned, says how, and not where its tag is gone or was not read', () => {
    const image = 'contoso.azurecr.io/team/app:v1.4.2';
    const hint = (given: ImageFacts) =>
      judgeDeployment(policy, 'production', [given]).items[0]?.reasons[0]?.detail;
    expect(hint(facts({ image }))).toContain(`: pin it as contoso.azurecr.io/team/app@${digest}`);
    const { tagDigest: _, ...unread } = facts({ image });
    for (const given of [unread, facts({ image, tagDigest: 'gone' })]) {
      expect(hint(given)).toBe('a tag may move until it is pulled');
    }
  });

  it('when a pinned image has no tag, or its tag was not read, nothing is said of the tag', () => {
    const { tagDigest: _, ...unread } = facts();
    const untagged = facts({ image: `contoso.azurecr.io/team/app@${digest}`, tagDigest: digestOf('other') });
    for (const given of [unread, untagged]) {
      expect(judgeDeployment(policy, 'production', [given]).verdict).toBe('pass');
    }
  });

  it.each<[Digest | 'gone', string]>([
    ['gone', 'v1.4.2 is gone'],
    [digestOf('other'), `v1.4.2 points to ${digestOf('other')} now`],
  ])('when the tag of a pinned image is %s, says where it is', (tagDigest, detail) => {
    const { items } = judgeDeployment(policy, 'production', [facts({ tagDigest })]);
    expect(items[0]?.reasons).toEqual([{ code: 'tag-moved', verdict: 'fail', detail }]);
  });

  it('when windows are handed in in any order, the newest approval decides', () => {
    const before = approvalOf({ id: 'before', requestedAt: start - 1_000, outcome: 'failed' });
    const { windows } = facts({}, [before, approvalOf()]);
    for (const given of [windows, windows.toReversed()]) {
      expect(judgeDeployment(policy, 'production', [facts({ windows: given })]).verdict).toBe('pass');
    }
  });

  it('when it was approved more than once, the newest approval decides', () => {
    const before = approvalOf({ id: 'before', requestedAt: start - 1_000 });
    const failed = { outcome: 'failed' as const };
    const codesOf = (...approvals: readonly Approval[]) =>
      judgeDeployment(policy, 'production', [facts({}, approvals)]).items[0]?.reasons.map(({ code }) => code);
    for (const approvals of [
      [{ ...before, ...failed }, approvalOf()],
      [approvalOf(), { ...before, ...failed }],
    ]) {
      expect(codesOf(...approvals)).toEqual([]);
    }
    expect(codesOf(before, approvalOf(failed))).toEqual(['release-failed']);
    expect(codesOf(approvalOf({ environment: 'staging', ...failed }), before)).toEqual([]);
  });

  it('when much speaks against it, says all of it', () => {
    const everything = facts(
      { image: 'fabrikam.azurecr.io/tools/lint:v1', exists: 'unknown', closure: 'unknown', locked: false },
      [approvalOf({ state: 'protecting' })],
    );
    const codesOf = (given: ImageFacts) =>
      judgeDeployment(policy, 'production', [given]).items[0]?.reasons.map(({ code }) => code);
    const elsewhere = ['registry-not-approved', 'environment-not-of-repository', 'not-pinned'];
    expect(codesOf(everything)).toEqual([
      ...elsewhere,
      'existence-unknown',
      'protection-pending',
      'closure-unknown',
    ]);
    expect(codesOf({ ...everything, exists: false })).toEqual([
      ...elsewhere,
      'missing',
      'protection-pending',
    ]);
  });

  it('when images differ, the worst decides', () => {
    const tagged = facts({ image: 'contoso.azurecr.io/team/app:v1.4.2' });
    expect(judgeDeployment(policy, 'production', [facts(), tagged]).verdict).toBe('warn');
    expect(judgeDeployment(policy, 'production', [facts(), tagged, facts({ exists: false })]).verdict).toBe(
      'fail',
    );
  });

  it('when nothing is asked, or of an unknown environment, nothing passes', () => {
    expect(judgeDeployment(policy, 'production', [])).toMatchObject({
      verdict: 'fail',
      reasons: [{ code: 'nothing-asked', detail: expect.stringMatching(words['nothing-asked'] ?? /^$/) }],
    });
    expect(judgeDeployment(policy, 'live', [facts()])).toMatchObject({
      verdict: 'fail',
      reasons: [
        { code: 'environment-unknown', detail: expect.stringMatching(words['environment-unknown'] ?? /^$/) },
      ],
    });
  });
});
