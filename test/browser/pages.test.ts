import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type BrowsedService, browsedService, violationsOf, type WatchedPage } from './browsed-service.ts';
import { describeInBrowser } from './chromium.ts';

/** Shortens what clients say of their machine, as the documents do. */
const shortened = `for (const one of document.querySelectorAll('bdi'))
  one.textContent = one.textContent.replace(/ Node\\/[^)]*\\)/, '');`;

/** Where screenshots for the documents go; nowhere unless `ACR_AUDIT_SCREENSHOTS` says so. */
const screenshots = process.env['ACR_AUDIT_SCREENSHOTS'];

describeInBrowser('when each page of the dashboard is opened', () => {
  let service: BrowsedService;
  let pages: readonly (readonly [string, string])[] = [];

  beforeAll(async () => {
    service = await browsedService();
    const { page } = await service.open();
    const linkOn = async (path: string, selector: string) => {
      await page.goto(path);
      return (await page.locator(selector).first().getAttribute('href')) ?? '';
    };
    const image = encodeURIComponent(`${service.loginServer}/team/app`);
    const gateway = encodeURIComponent(`${service.loginServer}/team/gateway:1.0.0`);
    pages = [
      ['overview', '/dashboard'],
      ['repositories', '/dashboard/repositories'],
      ['repository', `/dashboard/repository?image=${image}`],
      ['tag', `/dashboard/tag?image=${image}%3Aprod`],
      ['digest', await linkOn(`/dashboard/tag?image=${gateway}`, '#answer a[href*="/digest"]')],
      ['findings', '/dashboard/findings'],
      ['finding', await linkOn('/dashboard/findings', 'td a[href*="/findings/"]')],
      ['workloads', '/dashboard/workloads'],
      ['retention', '/dashboard/retention'],
      ['plan', await linkOn('/dashboard/retention', 'td a[href*="/retention/"]')],
      ['reference', '/dashboard/reference'],
      ['operation', '/dashboard/reference?operation=postDeploymentsVerify'],
      ['search', '/dashboard/search?q=team'],
      ['search-empty', '/dashboard/search'],
      ['search-nothing', '/dashboard/search?q=zzz'],
    ];
  });
  afterAll(() => service?.stop());

  /** Opens every page in turn, and tells what each answer of `look` was when it was not empty. */
  async function onEach(watched: WatchedPage, look: (name: string) => Promise<readonly unknown[]>) {
    const told: Record<string, unknown> = {};
    for (const [name, path] of pages) {
      const response = await watched.page.goto(path);
      if (response?.status() !== 200) told[name] = `${path}: ${response?.status()}`;
      const found = await look(name);
      if (found.length > 0) told[name] = found;
    }
    return told;
  }

  it('it is shown, without an error on the console, or a request to another origin', async () => {
    const watched = await service.open();
    expect(await onEach(watched, async () => [])).toEqual({});
    expect(watched.faults).toEqual([]);
    expect(pages).toHaveLength(15);
  });

  it('nothing is inline, and the policy forbids that anything could be', async () => {
    const watched = await service.open();
    const told = await onEach(watched, async () => {
      const inline =
        'style, script:not([src]), [style], [onclick], [onload], [onerror], a[href^="javascript:"]';
      return watched.page.locator(inline).allTextContents();
    });
    expect(told).toEqual({});
    const response = await watched.page.goto('/dashboard');
    const policy = response?.headers()['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it.each([
    ['in light', { colorScheme: 'light' as const }],
    ['in dark', { colorScheme: 'dark' as const }],
    ['on a phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
  ])('%s, axe finds no serious violation, and nothing has to be scrolled sideways', async (_, options) => {
    const watched = await service.open({ ...options, bypassCSP: true });
    const told = await onEach(watched, async () => {
      const [wide, room] = await watched.page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
      );
      const overflow = wide > room ? [`${wide} px wide in ${room}`] : [];
      return [...overflow, ...(await violationsOf(watched.page))];
    });
    expect(told).toEqual({});
  });

  it('without script, every page says the same', async () => {
    const [scripted, plain] = [await service.open(), await service.open({ javaScriptEnabled: false })];
    for (const [name, path] of pages) {
      const headings = [];
      for (const { page } of [scripted, plain]) {
        await page.goto(path);
        headings.push(await page.locator('h1, h2, caption').allInnerTexts());
      }
      expect([name, headings[1]]).toEqual([name, headings[0]]);
    }
  });

  it('when only the keyboard is used, the first stop skips to the content, and the search is reached', async () => {
    const { page } = await service.open();
    await page.goto('/dashboard');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('id')).toBe('main');
    await page.goto('/dashboard');
    for (let press = 0; press < 9; press += 1) await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('id')).toBe('q');
    await page.keyboard.type('gateway');
    await page.keyboard.press('Enter');
    await page.waitForURL(/repository\?image=/);
  });

  it('when each table is downloaded, it is CSV', async () => {
    const { page } = await service.open();
    for (const [name, path] of pages) {
      await page.goto(path);
      for (const link of await page.locator('a[download]').all()) {
        const response = await page.request.get((await link.getAttribute('href')) ?? '');
        expect([name, response.status(), response.headers()['content-type']]).toEqual([
          name,
          200,
          expect.stringMatching(/^text\/csv/),
        ]);
      }
    }
  });

  it('when a page cannot be shown, it says what to do', async () => {
    const { page } = await service.open();
    for (const [path, status, text] of [
      ['/dashboard/tag?image=%3Cscript%3E', 400, 'Correct the address'],
      ['/dashboard/digest?image=team/app@sha256:12', 400, 'Correct the address'],
      [
        `/dashboard/digest?image=${service.loginServer}/team/app@sha256:${'0'.repeat(64)}`,
        404,
        'search for it',
      ],
      ['/dashboard/findings?severity=dire', 400, 'must be one of critical'],
      [`/dashboard/findings/${'0'.repeat(32)}`, 404, 'search for it'],
      ['/dashboard/tag?image=team/app:prod&at=2999-01-01T00:00:00Z', 400, 'is in the future'],
    ] as const) {
      const response = await page.goto(path);
      expect([path, response?.status()]).toEqual([path, status]);
      expect(await page.locator('[role=alert]').textContent()).toContain(text);
    }
  });

  it('when a caller may not read, every page is refused, in words', async () => {
    const { page } = await service.open({ extraHTTPHeaders: { 'x-dev-roles': 'Findings.Manage' } });
    for (const [name, path] of pages) {
      const response = await page.goto(path);
      expect([name, response?.status()]).toEqual([name, 403]);
      expect(await page.locator('[role=alert]').textContent()).toContain('Audit.Read');
    }
  });

  (screenshots === undefined ? it.skip : it)('when screenshots are wanted, they are taken', async () => {
    await mkdir('docs/screenshots', { recursive: true });
    const { page } = await service.open({ viewport: { width: 1100, height: 900 }, colorScheme: 'light' });
    const shown = new Set(['overview', 'tag', 'digest', 'findings', 'finding', 'workloads', 'plan']);
    for (const [name, path] of pages.filter(([name]) => shown.has(name))) {
      await page.goto(path);
      await page.evaluate(shortened);
      await page.screenshot({ path: `docs/screenshots/${name}.png` });
    }
    const dark = await service.open({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    await dark.page.goto('/dashboard');
    await dark.page.screenshot({ path: 'docs/screenshots/overview-phone.png' });
  });
});
