import { describe, expect, it } from '@jest/globals';
import { appTime } from '../../builders/audit-app.ts';
import { dashboardApp } from '../../builders/dashboard-app.ts';
import { digestOf, imagePushed } from '../../builders/registry-event.ts';

const image = encodeURIComponent('contoso.azurecr.io/team/app');

/** Calls to tables and bytes of each page, of a repository with so many pushes: half move one tag, half are tags of their own. */
async function costWith(pushes: number) {
  let calls = 0;
  const count = (): undefined => {
    calls += 1;
    return undefined;
  };
  const { app, open } = dashboardApp({ faults: () => ({ before: count }) });
  for (let push = 0; push < pushes; push += 1) {
    const timestamp = new Date(appTime - (pushes - push) * 1_000).toISOString();
    const tag = push % 2 === 0 ? 'prod' : `1.${push}.0`;
    await app.deliver(imagePushed({ tag, digest: digestOf(`${push}`), timestamp }));
  }
  const costs: Record<string, { calls: number; bytes: number }> = {};
  for (const path of [
    '',
    `repository?image=${image}`,
    `tag?image=${image}:prod`,
    `digest?image=${image}@${digestOf('0')}`,
    'findings',
    'workloads',
  ]) {
    calls = 0;
    const { status, body } = await open(path);
    expect([path, status]).toEqual([path, 200]);
    costs[path] = { calls, bytes: Buffer.byteLength(body) };
  }
  return costs;
}

describe('when a page is opened', () => {
  it('it costs as much with a thousand pushes as with four hundred, and less than 100 KiB', async () => {
    const [some, many] = [await costWith(400), await costWith(1_000)];
    for (const [path, { calls, bytes }] of Object.entries(many)) {
      expect([path, calls]).toEqual([path, some[path]?.calls]);
      expect([path, bytes < 100 * 1024]).toEqual([path, true]);
    }
  });
});
