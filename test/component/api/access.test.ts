import { describe, expect, it } from '@jest/globals';
import type { AuthMode } from '../../../src/api/principal.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import { findingOf } from '../../../src/findings/finding.ts';
import { findingId } from '../../../src/storage/findings.ts';
import { auditApp, type RequestOptions } from '../../builders/audit-app.ts';
import { digestOf, imagePushed } from '../../builders/registry-event.ts';

const image = { registry: 'contoso.azurecr.io', repository: 'team/app', tag: 'prod' };
const finding = findingOf('OrphanLock', image, {});
const closedRoutes = [
  'history',
  'resolve?image=team/app:prod',
  `digests?image=team/app@${digestOf('one')}`,
  'findings',
  `findings/${findingId(finding.identity)}`,
  'status',
  'openapi.json',
];

function principal(...roles: readonly string[]): Readonly<Record<string, string>> {
  const claims = [{ typ: 'oid', val: 'a1' }, ...roles.map((val) => ({ typ: 'roles', val }))];
  return { 'x-ms-client-principal': Buffer.from(JSON.stringify({ claims })).toString('base64') };
}

async function ask(path: string, options: RequestOptions) {
  const app = auditApp();
  await app.deliver(imagePushed({ tag: 'prod', digest: digestOf('one') }));
  await app.findings.raise(image.registry, [finding], 0);
  const response = await app.get(path, options);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe.each(closedRoutes)('%s', (path) => {
  it.each<[string, AuthMode, Readonly<Record<string, string>>]>([
    ['nobody is signed in', 'platform', {}],
    ['the principal is malformed', 'platform', { 'x-ms-client-principal': '%%%' }],
    ['the principal has claims but no id', 'platform', { 'x-ms-client-principal': btoa('{"claims":[]}') }],
    ['the principal is forged where the platform signs nobody in', 'closed', principal('Audit.Read')],
    ['development roles are claimed in production', 'platform', { 'x-dev-roles': 'Audit.Read' }],
  ])('when %s, it is refused with 401', async (_, mode, headers) => {
    const answer = await ask(path, { mode, headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toEqual({
      type: 'urn:acr-audit:problem:not-signed-in',
      title: 'Sign in first',
      status: 401,
      detail: 'This needs the role Audit.Read.',
    });
  });

  it.each<[string, AuthMode, Readonly<Record<string, string>>]>([
    ['no role', 'platform', principal()],
    ['other roles', 'platform', principal('Release.Approve', 'Retention.Execute', 'audit.read', 'Admin')],
    ['a narrowed development role', 'development', { 'x-dev-roles': 'Release.Approve' }],
  ])('when the caller has %s, it is refused with 403, which names the role', async (_, mode, headers) => {
    const answer = await ask(path, { mode, headers });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      type: 'urn:acr-audit:problem:not-allowed',
      detail: expect.stringContaining('Audit.Read'),
    });
  });

  it('when the caller is not allowed, parameters are not looked at and storage is not asked', async () => {
    const down = new AuditFault('storage-503', 'busy', { retryable: true });
    const app = auditApp({ faults: () => ({ before: () => down }) });
    const wrong = `${path}${path.includes('?') ? '&' : '?'}nonsense=1`;
    expect((await app.get(wrong, { mode: 'platform' })).status).toBe(401);
    expect((await app.get(wrong, { mode: 'platform', headers: principal() })).status).toBe(403);
  });

  it('when the caller has the role, it is answered', async () => {
    expect((await ask(path, { mode: 'platform', headers: principal('Audit.Read') })).status).toBe(200);
    expect((await ask(path, { mode: 'development' })).status).toBe(200);
  });
});

describe('health', () => {
  it.each<AuthMode>(['platform', 'closed', 'development'])(
    'when the mode is %s, anyone may ask',
    async (mode) => {
      const answer = await ask('health', { mode, headers: { 'x-dev-roles': 'none' } });
      expect(answer).toMatchObject({ status: 200, body: { status: 'ready' } });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    },
  );

  it.each([
    ['busy', new AuditFault('storage-503', 'AccountKey=secret', { retryable: true })],
    ['refusing us', new AuditFault('storage-403', 'AccountKey=secret', { retryable: false })],
  ])('when storage is %s, it answers 503 and gives nothing away', async (_, fault) => {
    const app = auditApp({ faults: () => ({ before: () => fault }) });
    const response = await app.get('health', { mode: 'closed' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ status: 503, title: expect.any(String) });
    expect(text).not.toContain('secret');
  });
});
