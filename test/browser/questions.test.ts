import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type BrowsedService, browsedService } from './browsed-service.ts';
import { describeInBrowser } from './chromium.ts';

const resolution = z.object({ digest: z.string(), since: z.string() });

describeInBrowser('when the questions of the README are asked by clicking', () => {
  let service: BrowsedService;
  let now: z.output<typeof resolution>;
  let first: z.output<typeof resolution>;

  beforeAll(async () => {
    service = await browsedService();
    const resolve = async (query: Readonly<Record<string, string>>) => {
      const image = `${service.loginServer}/team/app:prod`;
      const answer = await fetch(`${service.url}/api/v1/resolve?${new URLSearchParams({ image, ...query })}`);
      return resolution.parse(await answer.json());
    };
    now = await resolve({});
    first = await resolve({ at: new Date(Date.parse(now.since) - 1).toISOString() });
    expect(first.digest).not.toBe(now.digest);
  });
  afterAll(() => service?.stop());

  it('1. what does team/app:prod point to now: search, and it is said', async () => {
    const { page, faults } = await service.open();
    await page.goto('/dashboard');
    await page.getByRole('searchbox').fill('team/app:prod');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('#answer').textContent()).toContain(now.digest);
    expect(faults).toEqual([]);
  });

  it('when a registry, a workload, a finding or a tag alone is searched for, that leads to it', async () => {
    const { page } = await service.open();
    await page.goto('/dashboard/findings');
    const finding = (await page.locator('td a[href*="/findings/"]').first().getAttribute('href')) ?? '';
    for (const [text, path] of [
      [service.loginServer, '/dashboard/repositories?registry='],
      ['preview', '/dashboard/workloads?named=preview'],
      [finding.split('/').at(-1) ?? '', finding],
      ['prod', '/dashboard/tag?image='],
      [`${service.loginServer}/team/app@${now.digest}`, '/dashboard/digest?image='],
    ] as const) {
      await page.goto(`/dashboard/search?q=${encodeURIComponent(text)}`);
      expect([text, page.url()]).toEqual([text, expect.stringContaining(path)]);
    }
  });

  it('2. and before it moved: click on the timeline, and share the address', async () => {
    const { page, faults } = await service.open();
    await page.goto(`/dashboard/tag?image=${service.loginServer}/team/app:prod`);
    const bars = page.locator('svg a');
    expect(await bars.count()).toBe(2);
    await bars.last().click();
    await page.waitForURL(/&at=/);
    expect(await page.locator('#answer').textContent()).toContain(first.digest);
    const shared = page.url();
    const elsewhere = await service.open();
    await elsewhere.page.goto(shared);
    expect(await elsewhere.page.locator('#answer').textContent()).toContain(first.digest);
    expect(await elsewhere.page.locator('svg .as-of').count()).toBe(1);

    // By the field, which takes seconds of UTC.
    const at = new Date(Date.parse(now.since) + 1_000).toISOString().slice(0, 19);
    await page.getByLabel('As of (UTC)').fill(at);
    await page.getByRole('button', { name: 'Show' }).click();
    // A field leaves out seconds that are zero.
    const asked = Date.parse(`${at}Z`);
    await page.waitForURL((url) => Date.parse(`${url.searchParams.get('at')?.slice(0, 19)}Z`) === asked);
    expect(await page.locator('#answer').textContent()).toContain(now.digest);
    expect([...faults, ...elsewhere.faults]).toEqual([]);
  });

  it('3. which digests has prod pointed to, and who moved it: the table below', async () => {
    const { page } = await service.open();
    await page.goto('/dashboard');
    await page.getByRole('link', { name: 'prod' }).first().click();
    const rows = page.locator('table', { hasText: 'What happened to it' }).locator('tbody tr');
    expect(await rows.count()).toBe(2);
    expect(await rows.first().textContent()).toMatch(/moved.*azsdk-js/);
    expect(await rows.last().textContent()).toMatch(/created/);
  });

  it('4. what happened to the first version: a digest’s first characters lead to all of it', async () => {
    const { page } = await service.open();
    await page.goto('/dashboard');
    await page.getByRole('searchbox').fill(first.digest.slice(7, 19));
    await page.getByRole('searchbox').press('Enter');
    await page.waitForURL(/\/digest\?/);
    expect(await page.locator('h1').textContent()).toContain(first.digest);
    expect(await page.locator('#facts').textContent()).toContain('deleted');
    expect(await page.locator('table', { hasText: 'What happened to it' }).textContent()).toMatch(
      /deleted.*created/s,
    );
    expect(await page.locator('pre.command').first().textContent()).toContain(
      `az acr manifest show-metadata`,
    );
  });

  it('5. what was pushed to team/gateway: an index, its platforms, its locks and who approved it', async () => {
    const { page } = await service.open();
    await page.goto('/dashboard');
    await page.getByRole('searchbox').fill('gateway');
    await page.getByRole('searchbox').press('Enter');
    await page.waitForURL(/\/repository\?/);
    const tag = page.locator('table', { hasText: 'Tags now' }).locator('tbody tr').first();
    expect(await tag.textContent()).toMatch(/linux\/amd64, linux\/arm64/);
    expect(await tag.textContent()).toMatch(/no deletion/);
    await tag.locator('a[href*="/digest"]').click();
    const tree = page.locator('ul.tree');
    expect(await tree.locator('li').count()).toBe(3);
    expect(await tree.textContent()).toMatch(/child linux\/amd64.*child linux\/arm64/s);
    expect(await page.locator('table', { hasText: 'Approvals' }).textContent()).toMatch(
      /production.*protected.*REL-1/s,
    );
    await page.getByRole('link', { name: 'linux/arm64' }).or(tree.locator('li li a').last()).click();
    expect(await page.locator('main').textContent()).toContain('Listed by');
  });

  it('7. who uses what was deleted: from the finding to the workload', async () => {
    const { page } = await service.open();
    await page.goto('/dashboard');
    await page.getByRole('link', { name: 'critical' }).click();
    await page.getByRole('link', { name: 'DeletedDigestInUse' }).click();
    expect(await page.locator('main').textContent()).toContain('Deployment shop/web');
    await page.getByRole('link', { name: 'Workloads' }).click();
    await page.getByRole('textbox', { name: 'Workload' }).fill('web');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/named=web/);
    expect(await page.locator('table').first().textContent()).toMatch(/Deployment.*web.*exact/s);
  });

  it('8. what may go: a plan, and why the rest stays', async () => {
    const { page } = await service.open();
    await page.goto('/dashboard/retention');
    await page.locator('td a[href*="/retention/"]').first().click();
    await page.getByRole('link', { name: 'keep', exact: true }).click();
    expect(await page.locator('tbody').textContent()).toMatch(/in-use/);
    const late = await service.open();
    await late.page.goto(page.url());
    for (const one of [page, late.page]) {
      await one.getByLabel('Reason').fill('nothing goes anyway');
      await one.getByRole('button', { name: 'Approve' }).click();
    }
    expect(await page.getByRole('status').textContent()).toContain('Approved');
    expect(await late.page.getByRole('alert').textContent()).toContain('It is approved by development');
    const reader = await service.open({ extraHTTPHeaders: { 'x-dev-roles': 'Audit.Read,Retention.Plan' } });
    await reader.page.goto(page.url());
    expect(await reader.page.locator('form.deed').count()).toBe(0);
    expect(await reader.page.locator('main').textContent()).toContain('Retention.Execute');
    // Nothing goes by it, so it takes nobody else.
    await page.getByLabel('Reason').fill('at once');
    await page.getByRole('button', { name: 'Run it' }).click();
    await page.waitForURL(/done=execute/);
    expect(await page.getByRole('status').textContent()).toContain('It runs now');
  });
});
