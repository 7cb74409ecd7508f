import { describe, expect, it } from '@jest/globals';
import { repositoryTags } from '../../../src/storage/repository-tags.ts';
import { auditApp } from '../../builders/audit-app.ts';
import { digestOf, imageDeleted, imagePushed } from '../../builders/registry-event.ts';

describe('when the tags of a repository are read by the page', () => {
  it('each that is there comes once, in order, and none that is gone', async () => {
    const app = auditApp();
    const names = Array.from({ length: 30 }, (_, place) => `v${String(place).padStart(2, '0')}`);
    for (const tag of names) await app.deliver(imagePushed({ tag, digest: digestOf(tag) }));
    const gone = names.filter((_, place) => place % 3 === 0);
    for (const tag of gone) {
      await app.deliver(imageDeleted({ digest: digestOf(tag), timestamp: '2026-03-03T00:00:00Z' }));
    }
    const tags = repositoryTags(app.repositories);
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await tags.page({ registry: 'contoso.azurecr.io', repository: 'team/app' }, 7, { after });
      found.push(...page.items.map(({ tag }) => tag));
      after = page.next;
    } while (after !== undefined);
    expect(found).toEqual(names.filter((tag) => !gone.includes(tag)));
  });
});
