import { describe, expect, it } from '@jest/globals';
import { judgeApproval, newApproval } from '../../../src/protection/approval-judgement.ts';
import type { ApprovalRequest } from '../../../src/protection/approval-request.ts';
import { environmentNamed, type Policy } from '../../../src/protection/policy.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import { policyDocument } from '../../builders/policy-document.ts';
import { repository, start } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

function policyOf(changed: Readonly<Record<string, unknown>> = {}): Policy {
  const reading = readPolicy(policyDocument(changed));
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.policy;
}

const image = { ...repository, tag: 'dev' };

describe('who may approve', () => {
  const principals = ['release-[0-9]+', 'lead'];
  const roles = ['Release\\.Approve', 'Release\\.Lead'];

  it.each<[string, object, string, readonly string[], boolean]>([
    ['one of the principals listed', { principals }, 'release-7', [], true],
    ['the other of the principals listed', { principals }, 'lead', [], true],
    ['no principal listed, where no role is', { principals }, 'x', ['Release.Approve'], false],
    ['of one of the roles listed', { roles }, 'x', ['Reader', 'Release.Approve'], true],
    ['of the other of the roles listed', { roles }, 'x', ['Release.Lead'], true],
    ['of no role listed, where no principal is', { roles }, 'release-7', ['Reader'], false],
    ['a principal listed, of no role listed', { principals, roles }, 'lead', [], true],
    ['of a role listed, no principal listed', { principals, roles }, 'x', ['Release.Lead'], true],
    ['neither', { principals, roles }, 'x', ['Reader'], false],
  ])('when the applicant is %s, the policy decides', (_, approvers, id, held, expected) => {
    const policy = policyOf({ environments: [{ name: 'production', approvers }, { name: 'staging' }] });
    const applicant = { id, name: 'kim@contoso.example', roles: held };
    expect(judgeApproval(policy, { image, environment: 'production' }, applicant).allowed).toBe(expected);
  });

  it('when an image is for other environments, names all of them', () => {
    const environments = ['production', 'staging', 'edge'].map((name) => ({ name }));
    const applicant = { id: 'x', name: 'x', roles: [] };
    expect(judgeApproval(policyOf({ environments }), { image, environment: 'edge' }, applicant)).toEqual({
      allowed: false,
      refusals: [
        {
          code: 'environment-not-of-repository',
          detail: 'images of team/app may be approved for production, staging, not for edge',
        },
      ],
    });
  });
});

describe('whether an approval locks its tag', () => {
  // Matches any tag that begins with a letter.
  const immutableTags = [{ repositories: '.*', tags: '[a-z].*', matches: ['dev'], mustNotMatch: ['1'] }];
  const lenient = { immutableTags: [] };
  const untagged = { ...repository, digest: digestOf('a1') };

  it.each<[string, Readonly<Record<string, unknown>>, Partial<ApprovalRequest>, boolean]>([
    ['nothing asks for it', lenient, { environment: 'staging' }, false],
    ['the request alone asks for it', lenient, { environment: 'staging', lockTag: true }, true],
    ['the environment asks for it, whatever the request says', lenient, { lockTag: false }, true],
    ['its tag may not move', { immutableTags }, { environment: 'staging' }, true],
    [
      'tags may not move, and it has none',
      { immutableTags },
      { environment: 'staging', image: untagged },
      false,
    ],
  ])('when %s, it follows', (_, rules, asked, expected) => {
    const policy = policyOf(rules);
    const request: ApprovalRequest = { image, environment: 'production', reason: 'release', ...asked };
    const environment = environmentNamed(policy, request.environment);
    if (environment === undefined) throw new Error(`no environment ${request.environment}`);
    const approver = { id: 'release-7', name: 'kim@contoso.example' };
    const given = { id: 'a1', digest: digestOf('a1'), approver, requestedAt: start, environment, policy };
    expect(newApproval(request, given).lockTag).toBe(expected);
  });
});
