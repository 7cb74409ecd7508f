import { describe, expect, it } from '@jest/globals';
import type { Digest } from '../../../src/registry/digest.ts';
import { unlocked } from '../../../src/registry/lock-state.ts';
import { classifyRepository } from '../../../src/retention/classify.ts';
import { type KeepCode, type KeepReason, keepCodes } from '../../../src/retention/keep-reason.ts';
import type { RepositoryContent } from '../../../src/retention/repository-content.ts';
import type { RetentionPolicy } from '../../../src/retention/rule.ts';
import {
  contentOf,
  day,
  digestOf,
  imageOf,
  indexOf,
  now,
  patternOf,
  policyOf,
  ruleOf,
  tagOf,
} from '../../builders/retention-content.ts';

const shown = new Set<KeepCode>();

/** What becomes of each tag and manifest, by tag or name: `delete`, `untag`, or the codes that keep it. */
function fates(content: RepositoryContent, policy: RetentionPolicy = policyOf(), names: string[] = []) {
  const nameOf = new Map(names.map((name) => [digestOf(name), name]));
  return Object.fromEntries(
    classifyRepository(content, policy).map(({ tag, digest, action, reasons }) => {
      for (const { code } of reasons) shown.add(code);
      const name = tag ?? nameOf.get(digest) ?? digest;
      return [name, action === 'keep' ? [...new Set(reasons.map(({ code }) => code))].sort() : action];
    }),
  );
}

const locked = { ...unlocked, canDelete: false };

describe('what becomes of tags', () => {
  it('lets a tag go by its age, and leaves its manifest until that has had no tag for the grace', () => {
    const content = contentOf({ tags: [tagOf('old', 'a')], manifests: [imageOf('a')] });
    expect(fates(content, policyOf(), ['a'])).toEqual({ old: 'untag', a: ['young'] });
  });

  it('keeps what no rule is about', () => {
    const policy = policyOf({ rules: [ruleOf({ tagsLike: 'dev-.*', keepYounger: day })] });
    const content = contentOf({ tags: [tagOf('v1', 'a')], manifests: [imageOf('a'), imageOf('b')] });
    expect(fates(content, policy, ['a', 'b'])).toEqual({ v1: ['no-rule'], a: ['tagged'], b: ['no-rule'] });
  });

  it.each([
    ['another repository', ruleOf({ repositories: patternOf('other/.*'), keepYounger: day })],
    ['images without tags alone', ruleOf({ untaggedOlderThan: day })],
  ])('lets none go by a rule about %s', (_, rule) => {
    const content = contentOf({ tags: [tagOf('v1', 'a')], manifests: [imageOf('a')] });
    expect(fates(content, policyOf({ rules: [rule] }))).toMatchObject({ v1: ['no-rule'] });
  });

  it('counts images and not their parts when it keeps the newest (F16)', () => {
    const policy = policyOf({ rules: [ruleOf({ keepNewest: 1, untaggedOlderThan: 14 * day })] });
    const content = contentOf({
      tags: [
        tagOf('v1', 'one', { pushedAt: now - 40 * day }),
        tagOf('v2', 'two', { pushedAt: now - 30 * day }),
      ],
      manifests: [
        indexOf('one', ['one-amd64', 'one-arm64']),
        imageOf('one-amd64'),
        imageOf('one-arm64'),
        indexOf('two', ['two-amd64', 'two-arm64']),
        imageOf('two-amd64'),
        imageOf('two-arm64'),
      ],
    });
    expect(fates(content, policy, ['two', 'two-amd64', 'two-arm64', 'one-amd64', 'one'])).toMatchObject({
      v1: 'untag',
      v2: ['newest'],
      two: ['tagged'],
      'two-amd64': ['part-of-kept'],
      'two-arm64': ['part-of-kept'],
    });
  });

  it('counts an image of several tags once', () => {
    const policy = policyOf({ rules: [ruleOf({ keepNewest: 2 })] });
    const tags = [
      tagOf('latest', 'b', { pushedAt: now - 2 * day }),
      tagOf('v2', 'b', { pushedAt: now - 2 * day }),
      tagOf('v1', 'a', { pushedAt: now - 3 * day }),
      tagOf('v0', 'z', { pushedAt: now - 4 * day }),
    ];
    const manifests = ['a', 'b', 'z'].map((name) => imageOf(name));
    expect(fates(contentOf({ tags, manifests }), policy)).toMatchObject({
      latest: ['newest'],
      v2: ['newest'],
      v1: ['newest'],
      v0: 'untag',
    });
  });

  it('keeps a tag that one of several rules keeps', () => {
    const policy = policyOf({
      rules: [ruleOf({ keepYounger: day }), ruleOf({ tagsLike: 'v.*', keepYounger: 500 * day })],
    });
    const content = contentOf({
      tags: [tagOf('v1', 'a'), tagOf('x1', 'b')],
      manifests: [imageOf('a'), imageOf('b')],
    });
    expect(fates(content, policy)).toMatchObject({ v1: ['age'], x1: 'untag' });
  });

  it('keeps tags of a pattern whatever rules say, the whole name alone (F8)', () => {
    const keepTags = [
      { repositories: patternOf('team/.*'), tags: patternOf('1\\.2-13'), matches: [], mustNotMatch: [] },
    ];
    const content = contentOf({
      tags: [tagOf('1.2-13', 'a'), tagOf('1.2-136', 'b')],
      manifests: [imageOf('a'), imageOf('b')],
    });
    expect(fates(content, policyOf({ keepTags }))).toMatchObject({
      '1.2-13': ['pattern'],
      '1.2-136': 'untag',
    });
    const elsewhere = keepTags.map((rule) => ({ ...rule, repositories: patternOf('other/.*') }));
    expect(fates(content, policyOf({ keepTags: elsewhere }))).toMatchObject({ '1.2-13': 'untag' });
  });

  it('keeps a tag that workloads name, that is locked, whose image is used, or that came within the hour', () => {
    const workloads = { isExact: true, workloads: ['aks/prod/web'] };
    const content = contentOf({
      tags: [
        tagOf('named', 'a'),
        tagOf('locked', 'a', { locks: locked }),
        tagOf('used', 'b'),
        tagOf('new', 'a', { pushedAt: now - 60_000 }),
        tagOf('approved', 'c'),
        tagOf('lost', 'nowhere'),
        tagOf('of-locked', 'd'),
      ],
      manifests: [imageOf('a'), imageOf('b'), imageOf('c'), imageOf('d', { locks: locked })],
      tagUses: new Map([['named', workloads]]),
      uses: new Map([[digestOf('b'), workloads]]),
      kept: new Map([[digestOf('c'), [{ code: 'approved', by: 'an-approval' }]]]),
    });
    expect(fates(content, policyOf({ rules: [ruleOf({ keepYounger: 1000 })] }))).toMatchObject({
      named: ['in-use'],
      locked: ['locked'],
      used: ['in-use'],
      new: ['young'],
      approved: ['approved'],
      lost: ['not-recorded'],
      'of-locked': ['locked'],
    });
  });
});

describe('what becomes of manifests', () => {
  it('deletes an untagged image with all its parts, the index first', () => {
    const content = contentOf({
      manifests: [
        imageOf('arm64'),
        indexOf('index', ['arm64', 'nested']),
        indexOf('nested', ['deep']),
        imageOf('deep'),
      ],
    });
    const going = classifyRepository(content, policyOf()).filter(({ action }) => action === 'delete');
    const place = (name: string) =>
      going.find(({ digest }) => digest === digestOf(name))?.order ?? Number.NaN;
    expect(going).toHaveLength(4);
    expect(place('index')).toBeLessThan(place('arm64'));
    expect(place('index')).toBeLessThan(place('nested'));
    expect(place('nested')).toBeLessThan(place('deep'));
  });

  it('keeps what a kept index lists, at any depth and shared with one that goes (F1, F2, F3)', () => {
    const content = contentOf({
      tags: [tagOf('v1', 'kept')],
      manifests: [
        indexOf('kept', ['nested'], { locks: locked }),
        indexOf('nested', ['shared', 'deep']),
        imageOf('shared'),
        imageOf('deep'),
        indexOf('going', ['shared', 'alone']),
        imageOf('alone'),
      ],
    });
    expect(fates(content, policyOf(), ['kept', 'nested', 'shared', 'deep', 'going', 'alone'])).toMatchObject({
      v1: ['locked'],
      kept: ['locked', 'tagged'],
      nested: ['part-of-kept'],
      shared: ['part-of-kept'],
      deep: ['part-of-kept'],
      going: 'delete',
      alone: 'delete',
    });
  });

  it('keeps referrers with their subject, and deletes them after it, whole (F2, F17)', () => {
    const about = (name: string) => ({ subject: digestOf(name) });
    const content = contentOf({
      tags: [tagOf('v1', 'kept', { pushedAt: now - day })],
      manifests: [
        imageOf('kept'),
        imageOf('sbom', about('kept')),
        indexOf('referrer-index', ['part'], about('kept')),
        imageOf('part'),
        imageOf('signature-of-sbom', about('sbom')),
        imageOf('gone'),
        indexOf('gone-referrer', ['gone-part'], about('gone')),
        imageOf('gone-part'),
      ],
    });
    const names = content.manifests.length;
    const found = fates(content, policyOf(), [
      'kept',
      'sbom',
      'referrer-index',
      'part',
      'signature-of-sbom',
      'gone',
      'gone-referrer',
      'gone-part',
    ]);
    expect(found).toMatchObject({
      sbom: ['referrer-of-kept'],
      'referrer-index': ['referrer-of-kept'],
      part: ['part-of-kept'],
      'signature-of-sbom': ['referrer-of-kept'],
      gone: 'delete',
      'gone-referrer': 'delete',
      'gone-part': 'delete',
    });
    const order = classifyRepository(content, policyOf()).flatMap(({ action, digest }) =>
      action === 'delete' ? [digest] : [],
    );
    expect(order).toEqual(['gone', 'gone-referrer', 'gone-part'].map(digestOf));
    expect(names).toBe(8);
  });

  it('asks for no age of what is a part, or is about something that is there', () => {
    const changedAt = now - 20 * day;
    const names = ['index', 'part', 'signature', 'alone', 'signature of nothing'];
    const content = contentOf({
      manifests: [
        indexOf('index', ['part']),
        imageOf('part', { changedAt }),
        imageOf('signature', { changedAt, subject: digestOf('index') }),
        imageOf('alone', { changedAt }),
        imageOf('signature of nothing', { changedAt, subject: digestOf('never pushed') }),
      ],
    });
    const policy = policyOf({ rules: [ruleOf({ untaggedOlderThan: 30 * day })] });
    expect(fates(content, policy, names)).toEqual({
      index: 'delete',
      part: 'delete',
      signature: 'delete',
      alone: ['age'],
      'signature of nothing': ['age'],
    });
  });

  it('keeps signatures by tag with what they sign, and lets them go with it', () => {
    const hex = (name: string) => digestOf(name).slice('sha256:'.length);
    const content = contentOf({
      tags: [
        tagOf('v1', 'kept', { pushedAt: now - day }),
        tagOf(`sha256-${hex('kept')}.sig`, 'signature'),
        tagOf(`sha256-${hex('gone')}.sig`, 'signature-of-gone'),
      ],
      manifests: [imageOf('kept'), imageOf('signature'), imageOf('gone'), imageOf('signature-of-gone')],
    });
    expect(fates(content, policyOf(), ['gone', 'signature', 'signature-of-gone'])).toMatchObject({
      [`sha256-${hex('kept')}.sig`]: ['referrer-of-kept'],
      signature: ['referrer-of-kept', 'young'],
      gone: 'delete',
      [`sha256-${hex('gone')}.sig`]: 'untag',
      'signature-of-gone': ['young'],
    });
  });

  it('keeps a signature by tag for the sake of what it signs alone, and counts it among no newest', () => {
    const signatureOf = (name: string) => `sha256-${digestOf(name).slice('sha256:'.length)}.sig`;
    const content = contentOf({
      tags: [
        tagOf('dev-1', 'first'),
        tagOf('dev-2', 'second', { pushedAt: now - 300 * day }),
        tagOf(signatureOf('first'), 'signature', { pushedAt: now - day / 2 }),
        tagOf(signatureOf('never pushed'), 'signature of nothing', { pushedAt: now - day }),
      ],
      manifests: ['first', 'second', 'signature', 'signature of nothing'].map((name) => imageOf(name)),
    });
    const newest = policyOf({ rules: [ruleOf({ keepNewest: 1 })] });
    expect(fates(content, newest)).toMatchObject({
      'dev-1': 'untag',
      'dev-2': 'untag',
      [signatureOf('first')]: ['referrer-of-kept'],
      [signatureOf('never pushed')]: ['newest'],
    });
    const young = policyOf({ rules: [ruleOf({ tagsLike: 'dev-.*', keepYounger: 30 * day })] });
    expect(fates(content, young)).toMatchObject({
      'dev-1': 'untag',
      [signatureOf('first')]: ['referrer-of-kept'],
      [signatureOf('never pushed')]: ['no-rule'],
    });
  });

  it('keeps what something kept is about: a registry would delete that along with it', () => {
    const content = contentOf({
      tags: [tagOf('attestation', 'referrer', { pushedAt: now - day })],
      manifests: [imageOf('subject'), imageOf('referrer', { subject: digestOf('subject') })],
    });
    expect(fates(content, policyOf(), ['subject', 'referrer'])).toMatchObject({
      subject: ['subject-of-kept'],
    });
  });

  it('keeps a signature of what was tagged lately for that reason too (F5)', () => {
    const content = contentOf({
      manifests: [
        imageOf('image', { changedAt: now - day }),
        imageOf('signature', { subject: digestOf('image') }),
      ],
    });
    expect(fates(content, policyOf(), ['image', 'signature'])).toEqual({
      image: ['age', 'young'],
      signature: ['re-tagged', 'referrer-of-kept'],
    });
  });

  it('keeps what workloads use, the index above it and its parts', () => {
    const used = { isExact: true, workloads: ['a', 'b', 'c', 'd', 'e'] };
    const content = contentOf({
      manifests: [
        indexOf('index', ['amd64', 'arm64']),
        imageOf('amd64'),
        imageOf('arm64'),
        imageOf('inferred'),
      ],
      uses: new Map([
        [digestOf('amd64'), used],
        [digestOf('inferred'), { ...used, isExact: false }],
      ]),
    });
    expect(fates(content, policyOf(), ['index', 'amd64', 'arm64', 'inferred'])).toEqual({
      index: ['in-use'],
      amd64: ['in-use', 'part-of-kept'],
      arm64: ['part-of-kept'],
      inferred: ['inferred-use'],
    });
    const item = classifyRepository(content, policyOf()).find(({ digest }) => digest === digestOf('amd64'));
    expect(item?.reasons[0]).toEqual({ code: 'in-use', detail: 'a, b, c and 2 more' });
  });

  it('keeps what approvals and holds keep, what is young, and what soft delete has a twin of', () => {
    const content = contentOf({
      manifests: ['window', 'held', 'twin', 'age']
        .map((name) => imageOf(name))
        .concat(imageOf('young', { changedAt: now - 13 * day })),
      kept: new Map([
        [digestOf('window'), [{ code: 'rollback-window', by: 'one' }]],
        [digestOf('held'), [{ code: 'held', by: 'two' }]],
      ]),
      softDeleted: new Set([digestOf('twin')]),
    });
    const policy = policyOf({ rules: [ruleOf({ untaggedOlderThan: 500 * day })] });
    expect(fates(content, policy, ['window', 'held', 'twin', 'age', 'young'])).toEqual({
      window: ['age', 'rollback-window'],
      held: ['age', 'held'],
      twin: ['age', 'soft-deleted-twin'],
      age: ['age'],
      young: ['age', 'young'],
    });
  });
});

describe('what is not known', () => {
  const bare = { tags: [tagOf('old', 'a')], manifests: [imageOf('a'), imageOf('b')] };

  it('keeps everything where an index, or something of an unknown type, may list it (F1)', () => {
    const { mediaType: _, ...untyped } = imageOf('unread');
    for (const unread of [
      untyped,
      indexOf('unread', [], { isDescribed: false }),
      indexOf('unread', [], { isUnreadable: true }),
      imageOf('unread', { mediaType: 'application/vnd.contoso.thing' }),
    ]) {
      const content = contentOf({ manifests: [imageOf('b'), unread] });
      expect(fates(content, policyOf(), ['b', 'unread'])).toMatchObject({ b: ['index-unreadable'] });
      expect(fates(content, policyOf(), ['b', 'unread'])['unread']).not.toBe('delete');
    }
  });

  it('keeps an image of which nobody knows what it is about', () => {
    const content = contentOf({ manifests: [imageOf('a', { isDescribed: false }), imageOf('b')] });
    expect(fates(content, policyOf(), ['a', 'b'])).toEqual({ a: ['index-unreadable'], b: 'delete' });
  });

  it('keeps everything while it is not known what workloads use (F7, F11)', () => {
    const all = (over: Partial<RepositoryContent>) =>
      fates(contentOf({ ...bare, ...over }), policyOf(), ['a', 'b']);
    expect(all({ unclaimed: 'unknown' })).toMatchObject({
      old: ['coverage-incomplete'],
      a: ['coverage-incomplete', 'tagged'],
      b: ['coverage-incomplete'],
    });
    const doubts = [{ code: 'source-stale' as const, detail: 'aks-prod' }];
    expect(all({ unclaimed: 'unknown', doubts })).toMatchObject({
      old: ['source-stale'],
      b: ['source-stale'],
    });
  });

  it('keeps everything of a repository that was not compared lately, or that is held', () => {
    const all = (over: Partial<RepositoryContent>) =>
      fates(contentOf({ ...bare, ...over }), policyOf(), ['a', 'b']);
    const { comparedAt: _, ...never } = contentOf(bare);
    expect(fates(never, policyOf(), ['a', 'b'])).toMatchObject({
      old: ['history-stale'],
      b: ['history-stale'],
    });
    expect(all({ comparedAt: now - 27 * 3_600_000 })).toMatchObject({ b: ['history-stale'] });
    expect(all({ heldBy: 'a-hold' })).toMatchObject({ old: ['held'], b: ['held'] });
    expect(all({})).toMatchObject({ old: 'untag', b: 'delete' });
  });
});

describe('when somebody else asks what may be deleted', () => {
  function ask(
    content: RepositoryContent,
    tags: string[],
    names: string[],
    policy = policyOf({ rules: [] }),
  ) {
    const asked = { tags: new Set(tags), digests: new Set(names.map(digestOf)) };
    const items = classifyRepository(content, policy, asked);
    for (const { reasons } of items) for (const { code } of reasons) shown.add(code);
    return Object.fromEntries(
      items.flatMap(({ tag, digest, action, reasons }) => {
        const name = tag ?? names.find((one) => digestOf(one) === digest);
        if (name === undefined || (tag !== undefined && !tags.includes(tag))) return [];
        return [[name, action === 'keep' ? reasons.map(({ code }) => code) : action]];
      }),
    );
  }
  const content = contentOf({
    tags: [tagOf('v1', 'index'), tagOf('v2', 'other'), tagOf('also-v2', 'other')],
    manifests: [
      indexOf('index', ['amd64', 'arm64']),
      imageOf('amd64'),
      imageOf('arm64'),
      imageOf('other'),
      imageOf('signature', { subject: digestOf('other') }),
      imageOf('alone'),
    ],
  });

  it('their own rules decide: what no rule of ours is about may go', () => {
    expect(ask(content, ['v1'], ['alone'])).toEqual({ v1: 'untag', alone: 'delete' });
  });

  it('a part of something that stays may not go, and may with the whole of it', () => {
    expect(ask(content, [], ['amd64'])).toEqual({ amd64: ['part-of-kept'] });
    expect(ask(content, ['v1'], ['index', 'amd64'])).toEqual({
      v1: 'untag',
      index: 'delete',
      amd64: 'delete',
    });
  });

  it('a manifest goes only with all its tags, and takes what signs it along', () => {
    for (const one of ['v2', 'also-v2']) {
      expect(ask(content, [one], ['other'])).toEqual({ [one]: 'untag', other: ['tagged'] });
    }
    expect(ask(content, ['v2', 'also-v2'], ['other'])).toEqual({
      v2: 'untag',
      'also-v2': 'untag',
      other: 'delete',
    });
  });

  it('what our rules keep stays', () => {
    const policy = policyOf({ rules: [ruleOf({ tagsLike: 'v.*', keepNewest: 5 })] });
    expect(ask(content, ['v1', 'also-v2'], [], policy)).toEqual({ v1: ['newest'], 'also-v2': 'untag' });
    const patient = policyOf({ rules: [ruleOf({ untaggedOlderThan: 500 * day })] });
    expect(ask(content, [], ['alone'], patient)).toEqual({ alone: ['age'] });
  });

  it('what they did not ask about stays, though our rules would let it go', () => {
    const asked = { tags: new Set(['v2']), digests: new Set<Digest>() };
    const items = classifyRepository(content, policyOf(), asked);
    const codes = new Map(
      items.map(({ tag, digest, reasons }) => [tag ?? digest, reasons.map(({ code }) => code)]),
    );
    expect(codes.get('v1')).toEqual(['not-asked']);
    expect(codes.get('v2')).toEqual([]);
    expect(codes.get(digestOf('alone'))).toEqual(['not-asked']);
  });

  it('what is used stays, and so does everything while nobody knows', () => {
    const used = new Map([[digestOf('alone'), { isExact: true, workloads: ['web'] }]]);
    expect(ask({ ...content, uses: used }, [], ['alone'])).toEqual({ alone: ['in-use'] });
    expect(ask({ ...content, unclaimed: 'unknown' }, ['v1'], ['alone'])).toEqual({
      v1: ['coverage-incomplete'],
      alone: ['coverage-incomplete'],
    });
  });
});

describe('what a reason rests on', () => {
  /** The reasons for each tag and manifest, by tag or digest, with all that they say. */
  function reasonsOf(over: Partial<RepositoryContent>, policy = policyOf()) {
    const items = classifyRepository(contentOf(over), policy);
    return new Map(items.map(({ tag, digest, reasons }) => [tag ?? digest, reasons]));
  }
  const bare = { tags: [tagOf('old', 'a')], manifests: [imageOf('a')] };

  it.each<[string, Partial<RepositoryContent>, KeepReason]>([
    ['the hold', { heldBy: 'hold-7' }, { code: 'held', detail: 'hold-7' }],
    [
      'when it was compared last',
      { comparedAt: now - 27 * 3_600_000 },
      { code: 'history-stale', detail: 'last compared 2026-05-30T21:00:00.000Z' },
    ],
    [
      'that no source was read',
      { unclaimed: 'unknown' },
      { code: 'coverage-incomplete', detail: 'no source of the inventory' },
    ],
    [
      'the source that is not known',
      { unclaimed: 'unknown', doubts: [{ code: 'source-stale', detail: 'aks-prod' }] },
      { code: 'source-stale', detail: 'aks-prod' },
    ],
  ])('where all of it stays, names %s', (_, over, reason) => {
    const found = reasonsOf({ ...bare, ...over });
    expect(found.get('old')).toEqual([reason]);
    expect(found.get(digestOf('a'))?.slice(0, 2)).toEqual([reason, { code: 'tagged', detail: 'old' }]);
  });

  it('where it was never compared, says so', () => {
    const { comparedAt: _, ...never } = contentOf(bare);
    expect(classifyRepository(never, policyOf())[0]?.reasons).toEqual([
      { code: 'history-stale', detail: 'never compared whole' },
    ]);
  });

  it('names the tag that is kept, and not those that go', () => {
    const tags = [tagOf('old', 'a'), tagOf('kept', 'a', { locks: locked })];
    for (const inAnyOrder of [tags, tags.toReversed()]) {
      const found = reasonsOf({ tags: inAnyOrder, manifests: [imageOf('a')] });
      expect(found.get('kept')).toEqual([{ code: 'locked', detail: 'not by this audit' }]);
      expect(found.get(digestOf('a'))).toEqual([{ code: 'tagged', detail: 'kept' }]);
    }
    expect(reasonsOf(bare).get(digestOf('a'))).toEqual([
      { code: 'young', detail: 'no sooner than its tags' },
    ]);
  });

  it('names what it is kept for, and the rule', () => {
    const policy = policyOf({
      rules: [ruleOf({ keepNewest: 1 }), ruleOf({ keepYounger: 500 * day, untaggedOlderThan: 500 * day })],
      keepTags: [{ repositories: patternOf('.*'), tags: patternOf('v.*'), matches: [], mustNotMatch: [] }],
    });
    const manifests = [
      imageOf('a', { changedAt: now - day }),
      imageOf('signature', { subject: digestOf('a') }),
      imageOf('untagged'),
    ];
    const tags = [
      tagOf('v1', 'a', { pushedAt: now - 60_000 }),
      tagOf('lost', 'never pushed'),
      tagOf(`${digestOf('a').replace(':', '-')}.sig`, 'signature'),
    ];
    const found = reasonsOf({ manifests, tags }, policy);
    expect(found.get('v1')).toEqual([
      { code: 'newest', detail: 'rules.0: one of the newest 1' },
      { code: 'age', detail: 'rules.1: younger than keepYounger' },
      { code: 'pattern', detail: 'keepTags' },
      { code: 'young', detail: 'pushed within the last hour' },
    ]);
    expect(found.get('lost')?.at(-1)).toEqual({ code: 'not-recorded', detail: 'its manifest' });
    expect(found.get(tags[2]?.tag ?? '')).toEqual([{ code: 'referrer-of-kept', of: digestOf('a') }]);
    expect(found.get(digestOf('a'))?.[0]).toEqual({ code: 'young', detail: 'changed within the grace' });
    expect(found.get(digestOf('signature'))).toContainEqual({ code: 're-tagged', of: digestOf('a') });
    expect(found.get(digestOf('untagged'))).toEqual([
      { code: 'age', detail: 'rules.1: younger than untaggedOlderThan' },
    ]);
  });

  it('names what could not be read, which may list any other, and not itself', () => {
    const unread = indexOf('unread', [], { isDescribed: false });
    const found = reasonsOf({ manifests: [imageOf('a'), unread] });
    expect(found.get(digestOf('a'))).toEqual([
      { code: 'index-unreadable', detail: 'this may list it', of: digestOf('unread') },
    ]);
    expect(found.get(digestOf('unread'))).toEqual([
      { code: 'index-unreadable', detail: 'it was not read yet' },
    ]);
    const broken = reasonsOf({ manifests: [imageOf('b', { isUnreadable: true })] });
    expect(broken.get(digestOf('b'))).toEqual([{ code: 'index-unreadable', detail: 'it could not be read' }]);
  });

  it('keeps indexes that list each other, which no registry has, for that reason', () => {
    const found = reasonsOf({ manifests: [indexOf('one', ['two']), indexOf('two', ['one'])] });
    const ring = [{ code: 'index-unreadable', detail: 'it lists itself' }];
    expect([...found.values()]).toEqual([ring, ring]);
  });
});

describe('at the very end of a time', () => {
  const untagged = (changedAt: number) => ({
    manifests: [imageOf('a', { changedAt }), imageOf('signature', { subject: digestOf('a') })],
  });
  const tagged = (pushedAt: number) => ({
    tags: [tagOf('v1', 'a', { pushedAt })],
    manifests: [imageOf('a')],
  });
  const onlyAges = { rules: [ruleOf({ keepYounger: 30 * day, untaggedOlderThan: 20 * day })] };

  it.each<[string, string, (late: number) => Partial<RepositoryContent>, Partial<RetentionPolicy>]>([
    ['the grace', digestOf('signature'), (late) => untagged(now - 14 * day + late), {}],
    ['the age without tags', digestOf('a'), (late) => untagged(now - 20 * day + late), onlyAges],
    ['the age of a tag', 'v1', (late) => tagged(now - 30 * day + late), onlyAges],
    [
      'the hour after a push',
      'v1',
      (late) => tagged(now - 3_600_000 + late),
      { rules: [ruleOf({ keepYounger: 1_000 })] },
    ],
    [
      'the 26 hours after a comparison',
      'v1',
      (late) => ({ ...tagged(now - 400 * day), comparedAt: now - 26 * 3_600_000 - late }),
      {},
    ],
  ])('%s decides to the millisecond', (_, name, over, policy) => {
    const fate = (late: number) =>
      classifyRepository(contentOf(over(late)), policyOf(policy)).find(
        ({ tag, digest }) => (tag ?? digest) === name,
      )?.action;
    expect(['untag', 'delete']).toContain(fate(0));
    expect(fate(1)).toBe('keep');
  });

  it('of two images pushed together, the first by its name is the newer', () => {
    const tags = [tagOf('v2', 'b'), tagOf('v1', 'a'), tagOf('v3', 'c')];
    const content = contentOf({ tags, manifests: ['a', 'b', 'c'].map((name) => imageOf(name)) });
    for (const one of [content, { ...content, tags: tags.toReversed() }]) {
      expect(fates(one, policyOf({ rules: [ruleOf({ keepNewest: 1 })] }))).toMatchObject({
        v1: ['newest'],
        v2: 'untag',
        v3: 'untag',
      });
    }
  });

  it('what goes frees at most its size, and nothing where that is not known', () => {
    const { size: _, ...unsized } = imageOf('unsized');
    const items = classifyRepository(contentOf({ manifests: [imageOf('sized'), unsized] }), policyOf());
    expect(new Map(items.map(({ digest, freed }) => [digest, freed]))).toEqual(
      new Map([
        [digestOf('sized'), { atLeast: 0, atMost: 1000 }],
        [unsized.digest, { atLeast: 0, atMost: 0 }],
      ]),
    );
  });
});

it('has shown every reason there is', () => {
  expect(keepCodes.filter((code) => !shown.has(code))).toEqual([]);
});
