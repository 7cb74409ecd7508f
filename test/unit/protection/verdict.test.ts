import { describe, expect, it } from '@jest/globals';
import type { Approval } from '../../../src/protection/approval.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import { windowsAt } from '../../../src/protection/rollback-window.ts';
import { type ImageFacts, judgeDeployment } from '../../../src/protection/verdict.ts';
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
  });

  it('when an image can be pinned, says how', () => {
    const judged = judgeDeployment(policy, 'production', [
      facts({ image: 'contoso.azurecr.io/team/app:v1.4.2' }),
    ]);
    expect(judged.items[0]?.reasons[0]?.detail).toContain(`contoso.azurecr.io/team/app@${digest}`);
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
      reasons: [{ code: 'nothing-asked' }],
    });
    expect(judgeDeployment(policy, 'live', [facts()])).toMatchObject({
      verdict: 'fail',
      reasons: [{ code: 'environment-unknown' }],
    });
  });
});
