import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type BrowsedService, browsedService } from './browsed-service.ts';
import { describeInBrowser } from './chromium.ts';

describeInBrowser('when findings are decided on in the dashboard', () => {
  let service: BrowsedService;
  let finding = '';

  beforeAll(async () => {
    service = await browsedService();
    const { page } = await service.open();
    await page.goto('/dashboard/findings?severity=critical');
    finding = (await page.locator('td a[href*="/findings/"]').first().getAttribute('href')) ?? '';
  });
  afterAll(() => service?.stop());

  /** What the API says of it. */
  async function told(): Promise<unknown> {
    return (await fetch(`${service.url}/api/v1/findings/${finding.split('/').at(-1)}`)).json();
  }

  it('from the overview on, somebody acknowledges it by clicking, waives it, reopens it and resolves it', async () => {
    const { page, faults } = await service.open();
    await page.goto('/dashboard');
    await page.getByRole('link', { name: 'critical' }).click();
    await page.locator(`a[href="${finding}"]`).first().click();

    const decide = async (title: string, fields: Readonly<Record<string, string>>) => {
      const form = page.locator('form.deed', { has: page.getByRole('button', { name: title }) });
      for (const [label, text] of Object.entries(fields)) await form.getByLabel(label).fill(text);
      await form.getByRole('button', { name: title }).click();
      return page.getByRole('status').textContent();
    };
    expect(await decide('Acknowledge', { Reason: 'being looked at <b>now</b>' })).toContain('acknowledged');
    expect(await told()).toMatchObject({
      status: 'acknowledged',
      acknowledgement: { reason: 'being looked at <b>now</b>', by: 'development' },
    });
    expect(await page.locator('main b').count()).toBe(0);

    const until = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    const waiver = { 'Who answers for it': 'team-shop', 'Until the end of (UTC)': until, Reason: 'known' };
    expect(await decide('Waive', waiver)).toContain('waived');
    expect(await told()).toMatchObject({
      status: 'waived',
      waiver: { owner: 'team-shop', until: `${until}T23:59:59.000Z` },
    });
    expect(await decide('Reopen', { Reason: 'not known after all' })).toContain('open');
    expect(await decide('Resolve', { Reason: 'rolled back' })).toContain('resolved');
    expect(await decide('Reopen', { Reason: 'for the next test' })).toContain('open');
    expect(faults).toEqual([]);
  });

  it('when a caller may only read, there is no form, and why', async () => {
    const { page } = await service.open({ extraHTTPHeaders: { 'x-dev-roles': 'Audit.Read' } });
    await page.goto(finding);
    expect(await page.locator('form.deed').count()).toBe(0);
    expect(await page.locator('main').textContent()).toContain('Findings.Manage');
  });

  it('when a form is not ours, or not of who is signed in, nothing is changed', async () => {
    const { page } = await service.open();
    await page.goto(finding);
    const token = (await page.locator('input[name=token]').first().getAttribute('value')) ?? '';
    const cookies = await page.context().cookies();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const before = await told();
    const form = { change: 'acknowledge', reason: 'forged', token };
    const own = { cookie, 'sec-fetch-site': 'same-origin' };
    const attempts: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
      ['from another site', form, { ...own, 'sec-fetch-site': 'cross-site' }],
      ['from a sister site', form, { ...own, 'sec-fetch-site': 'same-site' }],
      ['typed in', form, { ...own, 'sec-fetch-site': 'none' }],
      ['of an older browser elsewhere', form, { cookie, origin: 'https://evil.example' }],
      ['of no origin', form, { cookie, origin: 'null' }],
      ['of nobody knows where', form, { cookie }],
      ['without a token', { ...form, token: '' }, own],
      ['with a made-up token', { ...form, token: 'x'.repeat(token.length) }, own],
      ['without the cookie', form, { 'sec-fetch-site': 'same-origin' }],
      ['with two cookies', form, { ...own, cookie: `${cookie}; ${cookie}` }],
      ['by another principal', form, { ...own, 'x-dev-principal': 'mallory' }],
      ['without the role', form, { ...own, 'x-dev-roles': 'Audit.Read' }],
    ];
    for (const [how, fields, headers] of attempts) {
      const body = new URLSearchParams(fields);
      const answer = await fetch(`${service.url}${finding}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        redirect: 'manual',
      });
      expect([how, answer.status]).toEqual([how, 403]);
      expect(await answer.text()).toContain('Nothing was changed');
    }
    expect(await told()).toEqual(before);
    const older = await fetch(`${service.url}${finding}`, {
      method: 'POST',
      body: new URLSearchParams({ ...form, change: 'dance' }),
      headers: { cookie, origin: service.url },
      redirect: 'manual',
    });
    expect(older.status).toBe(400);
  });

  it('when another site has a form of its own posted here, the browser brings no cookie, and nothing is changed', async () => {
    const { page } = await service.open();
    await page.goto(finding);
    const before = await told();
    // The same machine by another name is another site.
    const elsewhere = `${service.url.replace('127.0.0.1', 'localhost')}/elsewhere`;
    await page.route(elsewhere, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${service.url}${finding}"><input name="change" value="resolve"><input name="reason" value="x"><input name="token" value="x"><button>Win a prize</button></form>`,
      }),
    );
    await page.goto(elsewhere);
    await page.getByRole('button').click();
    await page.waitForURL(/\/findings\//);
    expect(await page.locator('[role=alert]').textContent()).toContain(
      'not sent from a page of this dashboard',
    );
    expect(await told()).toEqual(before);
  });

  it('when two decide at once, the slower one is told so', async () => {
    const [one, other] = [await service.open(), await service.open()];
    for (const { page } of [one, other]) await page.goto(finding);
    for (const { page } of [one, other]) {
      const form = page.locator('form.deed', { has: page.getByRole('button', { name: 'Resolve' }) });
      await form.getByLabel('Reason').fill('done');
      await form.getByRole('button').click();
    }
    expect(await one.page.getByRole('status').textContent()).toContain('resolved');
    expect(await other.page.locator('[role=alert]').textContent()).toContain('is resolved already');
  });
});
