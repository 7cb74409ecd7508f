import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { assetAnswer } from '../../../src/dashboard/assets.ts';
import { dashboardApp } from '../../builders/dashboard-app.ts';
import { imagePushed } from '../../builders/registry-event.ts';

const claimsOf = (...roles: readonly string[]) => {
  const claims = [{ typ: 'oid', val: 'a1' }, ...roles.map((val) => ({ typ: 'roles', val }))];
  return { 'x-ms-client-principal': Buffer.from(JSON.stringify({ claims })).toString('base64') };
};
const tag = `tag?image=${encodeURIComponent('contoso.azurecr.io/team/app:1.4.2')}`;

describe('when somebody opens a page', () => {
  const { app, open } = dashboardApp();

  it('and the platform knows nobody, it is 401, with a way to sign in and to come back', async () => {
    const { status, body } = await open(tag, { mode: 'platform' });
    expect(status).toBe(401);
    expect(body).toContain('/.auth/login/aad?post_login_redirect_uri=%2Fdashboard%2Ftag%3Fimage%3D');
    expect(body).not.toContain('Since');
  });

  it('and sign-in is not set up, a principal of their own making is 401', async () => {
    const { status, body } = await open(tag, { mode: 'closed', headers: claimsOf('Audit.Read') });
    expect(status).toBe(401);
    expect(body).not.toContain('/.auth/');
  });

  it('and they lack the role, it is 403; with it, it is shown, and never kept by a cache', async () => {
    await app.deliver(imagePushed());
    expect((await open(tag, { mode: 'platform', headers: claimsOf('Findings.Manage') })).status).toBe(403);
    const { status, headers, cookies } = await open(tag, {
      mode: 'platform',
      headers: claimsOf('Audit.Read'),
    });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(cookies).toEqual([
      expect.objectContaining({
        name: '__Host-acr-audit-forms',
        secure: true,
        httpOnly: true,
        sameSite: 'Strict',
      }),
    ]);
  });

  it('and storage does not answer, it is 503 and says to try again', async () => {
    const failing = dashboardApp({
      faults: () => ({
        before: () => new AuditFault('storage-unreachable', 'secret of the inside', { retryable: true }),
      }),
    });
    const { status, headers, body } = await failing.open(tag);
    expect(status).toBe(503);
    expect(headers).toMatchObject({ 'retry-after': '5' });
    expect(body).toContain('again in a moment');
    expect(body).not.toContain('secret');
  });

  it('and the page loads its files, those are kept by their version, and no others are there', () => {
    expect(assetAnswer('style.css').headers).toMatchObject({
      'content-type': 'text/css; charset=utf-8',
      'cache-control': expect.stringContaining('immutable'),
    });
    for (const name of ['', '../host.json', 'constructor', 'STYLE.CSS']) {
      expect(assetAnswer(name).status).toBe(404);
    }
  });
});
