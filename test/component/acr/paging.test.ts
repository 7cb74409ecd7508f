import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { createOrderedEntries, type ListOrder } from '../../../local/acr/ordered-entries.ts';
import { pushImage, putManifest, sampleIndex } from './image.ts';
import { openTestRegistry, type TestRegistry } from './test-registry.ts';

const tagPage = z.object({ tags: z.array(z.object({ name: z.string() })).nullable() });

describe('when lists are paged', () => {
  let registry: TestRegistry;
  const names = ['alpha', 'beta', 'delta', 'epsilon', 'gamma'];
  const pushed = ['gamma', 'alpha', 'epsilon', 'beta', 'delta'];

  beforeAll(async () => {
    registry = await openTestRegistry();
    for (const name of pushed) {
      await pushImage(registry, 'team/app', name);
    }
    await pushImage(registry, 'team/other', 'v1');
  });
  afterAll(() => registry.dispose());

  async function tagsBy(path: string): Promise<{ readonly names: readonly string[]; readonly link: string }> {
    const answer = await registry.call('GET', path);
    const { tags } = tagPage.parse(answer.json);
    return { names: (tags ?? []).map(({ name }) => name), link: String(answer.headers['link'] ?? '') };
  }

  it('follows relative links to the end', async () => {
    const first = await tagsBy('/acr/v1/team%2Fapp/_tags?n=2&api-version=2021-07-01');
    expect(first.link).toBe('</acr/v1/team%2Fapp/_tags?last=beta&n=2&orderby=>; rel="next"');
    const all = [...first.names];
    let { link } = first;
    while (link !== '') {
      const page = await tagsBy(link.slice(1, link.indexOf('>')));
      all.push(...page.names);
      link = page.link;
    }
    expect(all).toEqual(names);
  });

  it.each([
    ['timeasc', pushed],
    ['timedesc', [...pushed].reverse()],
    ['', names],
    ['none', names],
  ])('orders by "%s"', async (orderby, expected) => {
    expect((await tagsBy(`/acr/v1/team/app/_tags?orderby=${orderby}`)).names).toEqual(expected);
    const first = await tagsBy(`/acr/v1/team/app/_tags?n=3&orderby=${orderby}`);
    expect(first.link).toContain(`&n=3&orderby=${orderby}>`);
    const rest = await tagsBy(`/acr/v1/team/app/_tags?n=3&orderby=${orderby}&last=${first.names.at(-1)}`);
    expect([...first.names, ...rest.names]).toEqual(expected);
  });

  it('goes on in time order after an entry that was deleted meanwhile', async () => {
    for (const tag of ['one', 'two', 'three']) {
      await pushImage(registry, 'team/purged', tag);
    }
    await registry.call('DELETE', '/acr/v1/team/purged/_tags/two');
    expect((await tagsBy('/acr/v1/team/purged/_tags?orderby=timeasc&last=two')).names).toEqual(['three']);
  });

  it('writes nothing past the end in the form each client can bear', async () => {
    const tags = await registry.call('GET', '/acr/v1/team/app/_tags?last=zzz');
    const manifests = await registry.call('GET', '/acr/v1/team/app/_manifests?last=sha512:');
    const repositories = await registry.call('GET', '/acr/v1/_catalog?last=zzz');
    expect(tags.json).toHaveProperty('tags', null);
    expect(manifests.json).not.toHaveProperty('manifests');
    expect(repositories.json).toEqual({ repositories: null });
    expect((await registry.call('GET', '/v2/_catalog?last=zzz')).json).toEqual({ repositories: [] });
    for (const answer of [tags, manifests, repositories]) {
      expect(answer.headers).not.toHaveProperty('link');
    }
  });

  it('filters tags by digest', async () => {
    const digest = await pushImage(registry, 'team/app', 'alpha');
    expect((await tagsBy(`/acr/v1/team/app/_tags?digest=${digest}`)).names).toEqual(['alpha']);
  });

  it.each(['-1', 'many', '1.5', '99999999999'])('refuses n=%s', async (n) => {
    const answer = await registry.call('GET', `/acr/v1/team/app/_tags?n=${n}`);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ errors: [{ code: 'PAGINATION_NUMBER_INVALID' }] });
  });

  it('never answers more than 1000, and 100 when not asked', async () => {
    const index = sampleIndex([]);
    for (let number = 0; number < 1001; number += 1) {
      await putManifest(registry, 'team/many', `t${String(number).padStart(4, '0')}`, index);
    }
    const asked = await tagsBy('/acr/v1/team/many/_tags?n=5000');
    expect(asked.names).toHaveLength(1000);
    expect(asked.link).toContain('&n=1000&');
    expect((await tagsBy('/acr/v1/team/many/_tags')).names).toHaveLength(100);
  });
});

describe('when entries change between pages', () => {
  const entry = fc.record({ name: fc.string({ minLength: 1, maxLength: 3 }), time: fc.nat(20).map(String) });
  const order = fc.constantFrom<ListOrder>('name', 'timeasc', 'timedesc');

  it('lists every entry that stays exactly once, in order, whatever is deleted on the way', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 30 }),
        order,
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.nat()),
        (all, by, limit, deletions) => {
          const entries = createOrderedEntries<{ name: string; time: string }>(({ time }) => time);
          for (const each of all) {
            entries.set(each.name, each);
          }
          const removed = new Set<string>();
          const seen: string[] = [];
          let last: string | undefined;
          for (let page = 0; ; page += 1) {
            const { entries: found, more } = entries.page({ last, order: by, limit, include: () => true });
            seen.push(...found.map(({ name }) => name));
            last = found.at(-1)?.name;
            if (!more || last === undefined) {
              break;
            }
            const victim = all[(deletions[page] ?? 0) % all.length]?.name ?? '';
            removed.add(victim);
            entries.delete(victim);
          }
          expect(new Set(seen).size).toBe(seen.length);
          for (const { name } of all) {
            expect(seen.includes(name) || removed.has(name)).toBe(true);
          }
        },
      ),
    );
  });
});
