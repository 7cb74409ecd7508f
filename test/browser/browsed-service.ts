import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import { start } from '../builders/started.ts';
import { chromiumPath } from './chromium.ts';

/** A page, and everything about it that should not be. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, uncaught ones, and requests to other origins. */
  readonly faults: readonly string[];
}

/** The service as `npm start` runs it, with its story told, and a browser. */
export interface BrowsedService {
  readonly url: string;
  readonly loginServer: string;
  readonly resourceId: string;
  /** A page in a browser of its own: nothing is shared with others. */
  open(options?: BrowserContextOptions): Promise<WatchedPage>;
  stop(): Promise<void>;
}

/** What axe finds, as far as it is read. */
const results = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      impact: z.string().nullable(),
      nodes: z.array(z.object({ target: z.array(z.unknown()), failureSummary: z.string().optional() })),
    }),
  ),
});

/** Starts everything on this machine, and a browser. */
export async function browsedService(): Promise<BrowsedService> {
  const run = start();
  await run.ready;
  for (let left = 600; !run.told.some((line) => line.startsWith("the gateway's index")); left -= 1) {
    if (left === 0) throw new Error(`the story did not end: ${run.told.slice(-5).join('\n')}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const browser: Browser = await chromium.launch({
    executablePath: chromiumPath ?? '',
    // Tests may run as root in a container, where the sandbox cannot.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  const url = String(run.components.get('host')?.['url']);
  return {
    url,
    loginServer: String(run.components.get('registry')?.['loginServer']),
    resourceId: String(run.components.get('registry')?.['resourceId']),
    async open(options = {}) {
      const context = await browser.newContext({ baseURL: url, ...options });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
      });
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('dialog', (dialog) => {
        faults.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        if (new URL(request.url()).origin !== url) faults.push(`request to ${request.url()}`);
      });
      return { page, faults };
    },
    async stop() {
      await browser.close();
      run.child.kill('SIGINT');
      await run.ended;
    },
  };
}

const axe = readFileSync(
  createRequire(join(process.cwd(), 'package.json')).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** Serious and critical violations of WCAG 2.2 AA and of axe's best practices, each with where it is. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const found: unknown = await page.evaluate('axe.run()');
  return results
    .parse(found)
    .violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join('; ')}`);
}
