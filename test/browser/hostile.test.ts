import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type EventOverrides, imagePushed } from '../builders/registry-event.ts';
import { type BrowsedService, browsedService } from './browsed-service.ts';
import { describeInBrowser } from './chromium.ts';

const script = '<script>alert(document.domain)</script>';
const override = 'gnp.\u202Eexe\u2066';
const unseen = 'a\u200Bb\u{E0041}c\u00ADd';
const controls = 'one\u0000two\u001B[31mthree\r\nX-Forged: yes';
const piled = `e${'\u0301'.repeat(40)}`;
const longTag = 'v'.repeat(128);

describeInBrowser('when a registry, a client or a cluster says hostile things', () => {
  let service: BrowsedService;

  beforeAll(async () => {
    service = await browsedService();
    const agents = [script, '"><img src=x onerror=alert(1)>', override, unseen, controls, piled];
    for (const [place, userAgent] of agents.entries()) {
      await deliver({ tag: place === 0 ? longTag : `tag-${place}`, userAgent: `agent${place} ${userAgent}` });
    }
    // No registry takes such a tag; a forged event may say it.
    await deliver({ tag: script });
    await deliver({ repository: `team/${script}` });
    const workload = (name: string) => ({
      image: `${service.loginServer}/team/hostile:${longTag}`,
      workload: name,
      namespace: script,
      owner: piled,
      state: 'running',
    });
    const names = [`one ${script}`, `two ${unseen}`, `three ${'w'.repeat(200)}`];
    const body = JSON.stringify({ complete: true, references: names.map(workload) });
    const headers = { 'content-type': 'application/json' };
    const sent = await fetch(`${service.url}/api/v1/inventory/compose`, { method: 'PUT', headers, body });
    expect([sent.status, await sent.text()]).toEqual([200, expect.anything()]);
  });
  afterAll(() => service?.stop());

  async function deliver(overrides: EventOverrides) {
    const { resourceId } = service;
    const timestamp = new Date().toISOString();
    const event = imagePushed({ repository: 'team/hostile', resourceId, timestamp, ...overrides });
    const sent = await fetch(`${service.url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
      body: JSON.stringify([event]),
    });
    expect(sent.ok).toBe(true);
  }

  /** What a page would be if any of it had worked: elements that only an attacker makes, and text that shows nothing. */
  async function harmOn(page: Page): Promise<unknown> {
    const made = await page.locator('main script, main img, main [onerror], main [style], iframe').count();
    const text = (await page.locator('main').textContent()) ?? '';
    const hidden = text.match(/[\p{Cf}\p{Co}\p{Cs}\uFFFD]|(?!\n)\p{Cc}/gu) ?? [];
    const title = (await page.title()).match(/[\p{Cf}\p{Cc}]/gu) ?? [];
    const [wide, room] = await page.evaluate<[number, number]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    return { made, hidden: [...new Set(hidden)], title, overflow: Math.max(0, wide - room) };
  }
  const none = { made: 0, hidden: [], title: [], overflow: 0 };

  it.each([
    ['on a desk', { width: 1200, height: 900 }],
    ['on a phone', { width: 360, height: 740 }],
  ])('every page stays harmless and whole %s, and marks what is unusual', async (_, viewport) => {
    const { page, faults } = await service.open({ viewport });
    const repository = encodeURIComponent(`${service.loginServer}/team/hostile`);
    const paths: readonly (readonly [string, boolean])[] = [
      ['/dashboard', true],
      ['/dashboard/repositories', false],
      [`/dashboard/repository?image=${repository}`, true],
      [`/dashboard/tag?image=${repository}:${longTag}`, true],
      ['/dashboard/workloads', true],
      ['/dashboard/findings', false],
      [`/dashboard/search?q=${encodeURIComponent(script)}`, true],
      [`/dashboard/search?q=${encodeURIComponent(override)}`, true],
      ['/dashboard/search?q=three', false],
    ];
    for (const [path, isMarked] of paths) {
      expect([path, (await page.goto(path))?.status()]).toEqual([path, 200]);
      expect([path, await harmOn(page)]).toEqual([path, none]);
      if (isMarked) expect([path, await page.locator('.unusual').count()]).not.toEqual([path, 0]);
    }
    expect(faults).toEqual([]);
  });

  it('what a client calls itself is told to the letter, and what does not show by its number', async () => {
    const { page } = await service.open();
    await page.goto(`/dashboard/repository?image=${service.loginServer}/team/hostile`);
    const text = (await page.locator('main').textContent()) ?? '';
    expect(text).toContain(`agent0 ${script}`);
    expect(text).toContain('aU+200BbU+E0041cU+00ADd');
    // Replaced when it was recorded, which is told.
    expect(text).toMatch(/agent2 gnp\.U\+FFFDexeU\+FFFD/);
    expect(text).not.toContain('\u202E');
  });

  it('when an address carries hostile text, the page that refuses it is harmless too', async () => {
    const { page, faults } = await service.open();
    for (const hostile of [
      script,
      override,
      controls,
      `team/app:${'x'.repeat(129)}`,
      '"><svg onload=alert(1)>',
    ]) {
      for (const parameter of [
        'tag?image',
        'digest?image',
        'repository?image',
        'findings?image',
        'findings?kind',
        'workloads?at',
      ]) {
        const path = `/dashboard/${parameter}=${encodeURIComponent(hostile)}`;
        const status = (await page.goto(path))?.status();
        expect([path, status]).toEqual([path, 400]);
        expect([path, await harmOn(page)]).toEqual([path, none]);
      }
    }
    // A browser notes on its console that a page was answered with 400.
    expect(faults.filter((fault) => !/status of 400/.test(fault))).toEqual([]);
  });

  it('when it is downloaded, no cell begins like a formula', async () => {
    await deliver({ tag: 'formula', userAgent: '=HYPERLINK("https://evil.example")' });
    const { page } = await service.open();
    await page.goto(`/dashboard/repository?image=${service.loginServer}/team/hostile`);
    const href = await page.locator('a[download][href*="export/history"]').getAttribute('href');
    const text = await (await page.request.get(href ?? '')).text();
    expect(text).toContain('HYPERLINK');
    expect(text).not.toMatch(/(^|,)"?=HYPERLINK/m);
  });
});
