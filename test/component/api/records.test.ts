import { HttpRequest, HttpResponse } from '@azure/functions';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { recordsRoute } from '../../../src/api/records.ts';
import { answerTo } from '../../../src/api/route.ts';
import { statementPages } from '../../../src/storage/statement-pages.ts';
import { memoryRegistryContent } from '../../builders/memory-registry-content.ts';
import { memoryRegistryLocks } from '../../builders/memory-registry-locks.ts';
import { protectionApp } from '../../builders/protection-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const page = z.object({
  items: z.array(
    z.object({ kind: z.string(), recordId: z.string(), content: z.record(z.string(), z.unknown()) }),
  ),
  cursor: z.optional(z.string()),
});

/** The records of a repository in which one image was approved and locked. */
async function approved() {
  const registry = memoryRegistryContent();
  registry.repository('team/app').push('prod', digestOf('one'), Date.UTC(2026, 4, 2));
  const app = protectionApp({ content: registry.content, locks: memoryRegistryLocks(registry).locks });
  await app.approve('team/app:prod');
  await app.enforce();
  const records = recordsRoute(
    [{ loginServer: 'contoso.azurecr.io' }],
    statementPages(app.tables.repositories),
  );
  return async (query: string) => {
    const request = new HttpRequest({ method: 'GET', url: `https://audit.example/api/v1/records?${query}` });
    const context = { error: () => {}, invocationId: 'invocation-1' };
    return new HttpResponse(await answerTo(records, 'development', request, context));
  };
}

describe('records', () => {
  it('when an image was approved and locked, they tell who approved it and every change of a lock, newest first', async () => {
    const ask = await approved();
    const { items } = page.parse(await (await ask('image=team/app')).json());
    const kinds = items.map(({ kind }) => kind);
    expect(kinds.at(-1)).toBe('approval-requested');
    expect(items.at(-1)?.content).toMatchObject({ by: 'release-manager' });
    expect(kinds).toEqual(
      expect.arrayContaining(['lock-intended', 'lock-set', 'approval-begun', 'approval-protected']),
    );
  });

  it('pages of any size give every record once, with and without a kind', async () => {
    const ask = await approved();
    const all = page.parse(await (await ask('image=team/app&limit=1000')).json()).items;
    for (const kind of ['', '&kind=lock-set']) {
      const wanted = all.filter((item) => kind === '' || item.kind === 'lock-set');
      for (const limit of [1, 2, 3]) {
        const told: string[] = [];
        let cursor = '';
        do {
          const answer = page.parse(
            await (await ask(`image=team/app&limit=${limit}${kind}${cursor}`)).json(),
          );
          expect(answer.items.length).toBeLessThanOrEqual(limit);
          told.push(...answer.items.map(({ recordId }) => recordId));
          cursor = answer.cursor === undefined ? '' : `&cursor=${answer.cursor}`;
        } while (cursor !== '');
        expect(told).toEqual(wanted.map(({ recordId }) => recordId));
      }
    }
  });

  it('when the image names more than a repository, the answer says so', async () => {
    const ask = await approved();
    expect((await ask('image=team/app:prod')).status).toBe(400);
    expect((await ask('')).status).toBe(400);
  });
});
