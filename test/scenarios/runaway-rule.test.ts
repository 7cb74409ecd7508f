import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readPolicy } from '../../src/protection/policy-reading.ts';
import { type KeptRegistry, keptRegistry } from '../builders/kept-registry.ts';
import { policyDocument } from '../builders/policy-document.ts';
import { openTestRegistry, type TestRegistry } from '../component/acr/test-registry.ts';

let registry: TestRegistry;
let kept: KeptRegistry;
let count = 0;

beforeAll(async () => {
  registry = await openTestRegistry();
});
afterAll(() => registry.dispose());
beforeEach(() => {
  count += 1;
  kept = keptRegistry(registry, `team/app-${count}`);
});

/** The retention of a policy document with these rules, or its problems. */
function retentionOf(retention: Readonly<Record<string, unknown>>) {
  return readPolicy({ ...policyDocument(), retention });
}

function use(retention: Readonly<Record<string, unknown>>): void {
  const reading = retentionOf(retention);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  kept.app.policy.policy = reading.policy.retention;
}

const all = { percent: 100 };

describe('F8: when a pattern looks like more than it is', () => {
  it('only tags go that the whole of it matches', async () => {
    const tags = { repositories: '.*', tags: '1\\.2-13', matches: ['1.2-13'], mustNotMatch: ['1.2-136'] };
    use({ rules: [{ ...tags, keepYounger: 'P1D' }], caps: all });
    for (const tag of ['1.2-13', '1.2-136', '11.2-13']) await kept.put(await kept.image(tag), tag);
    await kept.age(400);
    expect(await kept.cleanUp()).toMatchObject({ run: { done: { untagged: 1 } } });
    expect(await kept.survivors('1.2-13', '1.2-136', '11.2-13')).toEqual(['1.2-136', '11.2-13']);
  });

  it('a rule that does not do what its examples say is not loaded', () => {
    const rule = { repositories: '.*', tags: '1.2-13.*', matches: ['1.2-13'], mustNotMatch: ['1.2-136'] };
    const reading = retentionOf({ rules: [{ ...rule, keepYounger: 'P1D' }] });
    expect(reading).toMatchObject({ ok: false });
    expect(reading.ok ? [] : reading.problems.map(({ field }) => field)).toEqual([
      'retention.rules.0.mustNotMatch',
    ]);
  });
});

describe('F18: when an age overflows, or everything would go', () => {
  it.each(['P9999999D', 'PT9999999999H', 'PT0S', '-P1D', '30'])(
    'the age %s is refused when it is loaded',
    (age) => {
      const reading = retentionOf({ rules: [{ repositories: '.*', untaggedOlderThan: age }] });
      expect(reading.ok ? [] : reading.problems.map(({ field }) => field)).toEqual([
        'retention.rules.0.untaggedOlderThan',
      ]);
    },
  );

  it('a plan over its caps cannot run, whoever approves', async () => {
    use({
      rules: [{ repositories: '.*', untaggedOlderThan: 'P14D' }],
      caps: { percent: 50, perRepository: 100 },
    });
    const digests = [];
    for (const name of ['1', '2', '3']) digests.push(await kept.put(await kept.image(name)));
    await kept.put(await kept.image('4'), 'v1');
    await kept.age(400);
    const { plan, run } = await kept.cleanUp();
    expect(plan).toMatchObject({ state: 'blocked', counts: { delete: 3, manifests: 4 } });
    expect(plan.blocks[0]).toMatch(/3 of 4 manifests deleted, more than the cap of 50 %/);
    expect(run).toBeUndefined();
    expect(await kept.survivors('v1', ...digests)).toHaveLength(4);
    use({
      rules: [{ repositories: '.*', untaggedOlderThan: 'P14D' }],
      caps: { percent: 100, perRepository: 2 },
    });
    expect((await kept.cleanUp()).plan.blocks[0]).toMatch(/more than the cap of 2$/);
  });

  it('a plan that is too old cannot run', async () => {
    use({ rules: [{ repositories: '.*', untaggedOlderThan: 'P14D' }], caps: all, planAge: 'PT1H' });
    const digest = await kept.put(await kept.image('1'));
    await kept.age(400);
    const plan = await kept.plan();
    kept.app.wait(61);
    expect(await kept.run(plan)).toBeUndefined();
    expect(await kept.survivors(digest)).toEqual([digest]);
  });
});
