import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser: as `CHROMIUM_PATH` says, or where Debian puts it; `undefined` when there is none. */
export const chromiumPath: string | undefined = [process.env['CHROMIUM_PATH'], ...usualPlaces].find(
  (path) => path !== undefined && path !== '' && existsSync(path),
);

/** Tests in a browser: skipped where there is none, and never silently. */
export function describeInBrowser(title: string, tests: () => void): void {
  if (chromiumPath !== undefined) {
    describe(title, tests);
    return;
  }
  process.stderr.write(`\nSKIPPED, no Chromium: ${title}. Install chromium, or set CHROMIUM_PATH.\n`);
  describe.skip(`${title} (skipped: no Chromium)`, tests);
}
