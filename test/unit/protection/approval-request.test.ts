import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { judgeApproval, newApproval } from '../../../src/protection/approval-judgement.ts';
import { agreeOnDigest, readApprovalRequest } from '../../../src/protection/approval-request.ts';
import { msPerDay } from '../../../src/protection/duration.ts';
import { readPolicy } from '../../../src/protection/policy-reading.ts';
import { policyDocument } from '../../builders/policy-document.ts';
import { start } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const digest = digestOf('app');
const body = {
  image: `contoso.azurecr.io/team/app:v1.4.2@${digest}`,
  environment: 'production',
  reason: 'Release 1.4.2',
  ticket: 'CHG-1042',
  build: '20260502.3',
  commit: 'f1f66850a1b2',
  scan: {
    tool: 'trivy',
    status: 'warning',
    counts: { critical: 0, high: 2 },
    report: 'https://reports.contoso.example/1042',
  },
  rollbackDigest: digestOf('before'),
  notes: 'First line\nsecond line',
  retainFor: 'P90D',
  retainReleases: 6,
  monitoringWindow: 'PT4H',
  lockTag: true,
};

function countsOf(severities: number) {
  return Object.fromEntries(
    Array.from({ length: severities }, (_, index) => [`a${'b'.repeat(index)}`, index]),
  );
}

function request(given: Readonly<Record<string, unknown>> = {}) {
  const reading = readApprovalRequest({ ...body, ...given });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.request;
}

describe('readApprovalRequest', () => {
  it('when everything is given, reads it', () => {
    expect(request()).toEqual({
      ...body,
      image: { registry: 'contoso.azurecr.io', repository: 'team/app', tag: 'v1.4.2', digest },
      retainFor: 90 * msPerDay,
      monitoringWindow: msPerDay / 6,
    });
  });

  it('when the image is named by another address of its registry, it is that registry', () => {
    for (const address of ['contoso.azurecr.io:443', 'contoso.westeurope.geo.azurecr.io']) {
      const reading = readApprovalRequest({
        image: `${address}/app:v1`,
        environment: 'staging',
        reason: 'try',
      });
      expect(reading).toMatchObject({ ok: true, request: { image: { registry: 'contoso.azurecr.io' } } });
    }
  });

  it('when the image is named by digest alone, it has no tag', () => {
    expect(request({ image: `contoso.azurecr.io/team/app@${digest}` }).image).toEqual({
      registry: 'contoso.azurecr.io',
      repository: 'team/app',
      digest,
    });
  });

  it('when only what is needed is given, nothing else is there', () => {
    const reading = readApprovalRequest({
      image: 'contoso.azurecr.io/app:v1',
      environment: 'staging',
      reason: 'try',
    });
    expect(reading).toEqual({
      ok: true,
      request: {
        image: { registry: 'contoso.azurecr.io', repository: 'app', tag: 'v1' },
        environment: 'staging',
        reason: 'try',
      },
    });
  });

  it.each([
    ['an approver of its own', { approver: 'somebody' }, 'approver'],
    ['a time of its own', { requestedAt: 0 }, 'requestedAt'],
    ['an image without a registry', { image: 'team/app:v1' }, 'image'],
    ['an image without tag or digest', { image: 'contoso.azurecr.io/team/app' }, 'image'],
    ['an image with an empty tag (F13)', { image: 'contoso.azurecr.io/team/app:' }, 'image'],
    ['an image with an empty digest (F13)', { image: 'contoso.azurecr.io/team/app@' }, 'image'],
    ['no image', { image: undefined }, 'image'],
    ['an image that is a list', { image: ['a'] }, 'image'],
    ['an environment in upper case', { environment: 'Production' }, 'environment'],
    ['no reason', { reason: ' ' }, 'reason'],
    ['a reason without end', { reason: 'x'.repeat(2_001) }, 'reason'],
    ['a ticket over two lines', { ticket: 'CHG\nforged' }, 'ticket'],
    ['a build that writes backwards', { build: '\u202E123' }, 'build'],
    ['a commit that is a branch', { commit: 'main' }, 'commit'],
    ['a report over http', { scan: { ...body.scan, report: 'http://contoso.example' } }, 'scan.report'],
    ['a report that is a script', { scan: { ...body.scan, report: 'javascript:alert(1)' } }, 'scan.report'],
    [
      'a report with a password',
      { scan: { ...body.scan, report: 'https://a:b@contoso.example' } },
      'scan.report',
    ],
    ['a report that is no address', { scan: { ...body.scan, report: 'https://' } }, 'scan.report'],
    ['a scan without a tool', { scan: { status: 'passed' } }, 'scan.tool'],
    ['a scan of another status', { scan: { tool: 'trivy', status: 'PASSED' } }, 'scan.status'],
    ['counts below zero', { scan: { ...body.scan, counts: { high: -1 } } }, 'scan.counts'],
    ['counts of markup', { scan: { ...body.scan, counts: { '<b>': 1 } } }, 'scan.counts'],
    ['a rollback to a tag', { rollbackDigest: 'v1' }, 'rollbackDigest'],
    ['notes with a bell', { notes: 'a\u0007' }, 'notes'],
    ['a window of a month', { retainFor: 'P1M' }, 'retainFor'],
    ['a window that overflows (F18)', { retainFor: 'P99999999999999999999D' }, 'retainFor'],
    ['a window of minutes', { retainFor: 'PT5M' }, 'retainFor'],
    ['no releases', { retainReleases: 0 }, 'retainReleases'],
    ['a lock as text', { lockTag: 'yes' }, 'lockTag'],
  ])('when there is %s, refuses it by its field', (_, given, field) => {
    const reading = readApprovalRequest({ ...body, ...given });
    expect(reading.ok ? [] : reading.problems.map((problem) => problem.field)).toEqual([field]);
  });

  it.each([
    ['a reason', { reason: 'x'.repeat(2_000) }],
    ['a ticket and a build', { ticket: 'x'.repeat(200), build: 'x'.repeat(200) }],
    ['notes of paragraphs', { notes: `x\n\n${'x'.repeat(3_997)}` }],
    ['the shortest commit', { commit: 'a'.repeat(7) }],
    ['the longest commit', { commit: '0'.repeat(64) }],
    ['a tool', { scan: { tool: 'x'.repeat(100), status: 'failed' } }],
    ['a report', { scan: { ...body.scan, report: `https://contoso.example/${'x'.repeat(1_976)}` } }],
    ['counts', { scan: { ...body.scan, counts: countsOf(20) } }],
    ['a severity', { scan: { ...body.scan, counts: { [`a${'-b'.repeat(14)}c`]: 1_000_000_000 } } }],
    ['no counts at all', { scan: { tool: 'trivy', status: 'passed', counts: {} } }],
  ])('when %s is as long as may be, keeps it', (_, given) => {
    expect(request(given)).toMatchObject(given);
  });

  it.each([
    [
      'an image without a registry',
      { image: 'team/app:v1' },
      'image',
      /has no registry: expected .*app:1\.4\.2/,
    ],
    [
      'an image without tag or digest',
      { image: 'contoso.azurecr.io/team/app' },
      'image',
      /has no tag or digest: expected/,
    ],
    ['an image that is a number', { image: 7 }, 'image', /is 7: expected an image reference such as contoso/],
    ['a reason that is too long', { reason: 'x'.repeat(2_001) }, 'reason', /1 to 2000 printable/],
    ['a ticket that is too long', { ticket: 'x'.repeat(201) }, 'ticket', /1 to 200 printable/],
    ['a build that is too long', { build: 'x'.repeat(201) }, 'build', /1 to 200 printable/],
    [
      'notes that are too long',
      { notes: 'x'.repeat(4_001) },
      'notes',
      /1 to 4000 printable characters and line f/,
    ],
    [
      'notes that their line feeds make too long',
      { notes: `x\n\n${'x'.repeat(3_998)}` },
      'notes',
      /1 to 4000 printable/,
    ],
    ['notes of line feeds alone', { notes: '\n\n' }, 'notes', /1 to 4000 printable/],
    ['a commit that is too short', { commit: 'a'.repeat(6) }, 'commit', /7 to 64 lower-case hex/],
    ['a commit that is too long', { commit: 'a'.repeat(65) }, 'commit', /7 to 64 lower-case hex/],
    ['a commit in upper case', { commit: 'F1F66850' }, 'commit', /7 to 64 lower-case hex/],
    [
      'a scan of another status',
      { scan: { tool: 'x', status: 'ok' } },
      'scan.status',
      /passed, warning, failed/,
    ],
    ['a tool that is too long', { scan: { ...body.scan, tool: 'x'.repeat(101) } }, 'scan.tool', /1 to 100/],
    [
      'a report that is too long',
      { scan: { ...body.scan, report: `https://contoso.example/${'x'.repeat(1_977)}` } },
      'scan.report',
      /https address of at most 2000/,
    ],
    [
      'a report that writes backwards',
      { scan: { ...body.scan, report: 'https://contoso.example/\u202Ea' } },
      'scan.report',
      /https address/,
    ],
    [
      'a report with a user',
      { scan: { ...body.scan, report: 'https://a@contoso.example' } },
      'scan.report',
      /without a password/,
    ],
    [
      'a report with a password alone',
      { scan: { ...body.scan, report: 'https://:b@contoso.example' } },
      'scan.report',
      /without a password/,
    ],
    ['too many counts', { scan: { ...body.scan, counts: countsOf(21) } }, 'scan.counts', /at most 20 counts/],
    [
      'a severity that is too long',
      { scan: { ...body.scan, counts: { ['x'.repeat(31)]: 1 } } },
      'scan.counts',
      /such as \{"critical": 0, "high": 2\}/,
    ],
    ['a severity in upper case', { scan: { ...body.scan, counts: { aB: 1 } } }, 'scan.counts', /by severity/],
    ['a list of counts', { scan: { ...body.scan, counts: [] } }, 'scan.counts', /an object of at most 20/],
    ['counts as a number', { scan: { ...body.scan, counts: 2 } }, 'scan.counts', /an object of at most 20/],
  ])('when there is %s, says what is expected', (_, given, field, problem) => {
    const reading = readApprovalRequest({ ...body, ...given });
    expect(reading.ok ? [] : reading.problems).toEqual([{ field, problem: expect.stringMatching(problem) }]);
  });

  it('when an image is not to be read, the rest is read all the same', () => {
    const reading = readApprovalRequest({ image: 'a b' });
    expect(reading.ok ? [] : reading.problems.map(({ field }) => field)).toEqual([
      'image',
      'environment',
      'reason',
    ]);
  });

  it('when anything at all is read, answers', () => {
    fc.assert(fc.property(fc.anything(), (value) => expect(readApprovalRequest(value).ok).toBe(false)));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(body)), fc.anything(), (field, value) => {
        expect(typeof readApprovalRequest({ ...body, [field]: value }).ok).toBe('boolean');
      }),
    );
  });
});

describe('agreeOnDigest', () => {
  const other = digestOf('other');
  const image = { repository: 'team/app', tag: 'v1', digest };

  it('when the tag moved since the caller looked, names both digests', () => {
    expect(agreeOnDigest(image, other)).toEqual({ outcome: 'moved', asked: digest, found: other });
  });

  it('when tag and digest agree, or only one is named, that digest it is', () => {
    expect(agreeOnDigest(image, digest)).toEqual({ outcome: 'agreed', digest });
    expect(agreeOnDigest({ repository: 'team/app', tag: 'v1' }, other)).toEqual({
      outcome: 'agreed',
      digest: other,
    });
    expect(agreeOnDigest({ repository: 'team/app', digest }, undefined)).toEqual({
      outcome: 'agreed',
      digest,
    });
  });

  it('when the tag is not there, there is nothing to approve', () => {
    expect(agreeOnDigest(image, undefined)).toEqual({ outcome: 'missing' });
    expect(agreeOnDigest({ repository: 'team/app' }, digest)).toEqual({ outcome: 'missing' });
  });
});

describe('an approval by a policy', () => {
  const reading = readPolicy(policyDocument());
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { policy } = reading;
  const listed = { id: 'release-7', name: 'kim@contoso.example', roles: [] };

  it.each([
    ['is listed by id', request(), listed, undefined, 'allowed'],
    [
      'is listed by role',
      request(),
      { ...listed, id: 'x', roles: ['Release.Approve'] },
      undefined,
      'allowed',
    ],
    ['is not listed', request(), { ...listed, id: 'x' }, undefined, ['approver-not-listed']],
    [
      'only has a listed name',
      request(),
      { ...listed, id: 'x', name: 'release-7' },
      undefined,
      ['approver-not-listed'],
    ],
    ['pushed the digest', request(), listed, 'Kim@contoso.example', ['approver-pushed-it']],
    [
      'cannot be told from who pushed it',
      request(),
      listed,
      'hmac:01234567:AAAAAAAAAAAAAAAAAAAAAA',
      ['pusher-unreadable'],
    ],
    ['did not push the digest', request(), listed, 'pat@contoso.example', 'allowed'],
    [
      'names another registry',
      request({ image: 'fabrikam.azurecr.io/team/app:v1' }),
      listed,
      undefined,
      ['registry-not-approved'],
    ],
    [
      'names an unknown environment',
      request({ environment: 'live' }),
      listed,
      undefined,
      ['environment-unknown'],
    ],
    [
      'names everything wrong',
      request({ image: 'fabrikam.azurecr.io/tools/lint:v1' }),
      { ...listed, id: 'x' },
      undefined,
      ['registry-not-approved', 'environment-not-of-repository', 'approver-not-listed'],
    ],
  ])('when the approver %s, judges so', (_, asked, applicant, pusher, expected) => {
    const judgement = judgeApproval(policy, asked, applicant, pusher);
    expect(judgement.allowed ? 'allowed' : judgement.refusals.map(({ code }) => code)).toEqual(expected);
  });

  it.each([
    [
      { image: 'fabrikam.azurecr.io/tools/lint:v1' },
      'x',
      undefined,
      [
        'fabrikam.azurecr.io is no approved registry of the policy',
        'images of tools/lint may be approved for staging, not for production',
        '"x" may not approve for production',
      ],
    ],
    [
      { image: 'contoso.azurecr.io/other:v1' },
      'release-7',
      undefined,
      ['images of other may be approved for none, not for production'],
    ],
    [{ environment: 'live' }, 'release-7', undefined, ['the policy has no environment "live"']],
    [{}, 'release-7', 'RELEASE-7', ['who pushed a digest may not approve it for production']],
    [
      {},
      'x',
      'hmac:01234567:AAAAAAAAAAAAAAAAAAAAAA',
      [
        '"x" may not approve for production',
        expect.stringMatching(/privacy key that is gone.* for production/),
      ],
    ],
  ])('of %j by %s is refused with who, what and where', (given, id, pusher, details) => {
    const judgement = judgeApproval(policy, request(given), { ...listed, id }, pusher);
    expect(judgement.allowed ? [] : judgement.refusals.map(({ detail }) => detail)).toEqual(details);
  });

  it('when the environment lists nobody, whoever may approve at all may', () => {
    expect(judgeApproval(policy, request({ environment: 'staging' }), { ...listed, id: 'x' }).allowed).toBe(
      true,
    );
  });

  it('when the request leaves something open, the environment decides', () => {
    const [environment] = policy.environments;
    if (environment === undefined) throw new Error('the policy has no environment');
    const given = { id: 'a1', digest, approver: listed, requestedAt: start, environment, policy };
    expect(newApproval(request(), given)).toMatchObject({ retainFor: 90 * msPerDay, retainReleases: 6 });
    const least = readApprovalRequest({ image: body.image, environment: 'production', reason: 'x' });
    if (!least.ok) throw new Error('refused');
    expect(newApproval(least.request, given)).toEqual({
      id: 'a1',
      registry: 'contoso.azurecr.io',
      repository: 'team/app',
      tag: 'v1.4.2',
      digest,
      environment: 'production',
      reason: 'x',
      approver: { id: 'release-7', name: 'kim@contoso.example' },
      requestedAt: start,
      retainFor: 30 * msPerDay,
      retainReleases: 3,
      monitoringWindow: 7_200_000,
      lockTag: true,
      state: 'requested',
    });
  });

  it('when a tag is immutable by rule, it is locked though neither request nor environment says so', () => {
    const staging = policy.environments.find(({ name }) => name === 'staging');
    if (staging === undefined) throw new Error('the policy has no such environment');
    const given = { id: 'a1', digest, approver: listed, requestedAt: start, environment: staging, policy };
    expect(newApproval(request({ lockTag: false }), given).lockTag).toBe(true);
    expect(
      newApproval(request({ image: 'contoso.azurecr.io/team/app:dev', lockTag: false }), given).lockTag,
    ).toBe(false);
  });
});
