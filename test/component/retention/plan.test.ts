import { describe, expect, it } from '@jest/globals';
import { AuditFault } from '../../../src/audit/fault.ts';
import { giveUpPlan } from '../../../src/audit/give-up-plan.ts';
import { makePlan } from '../../../src/audit/plan-retention.ts';
import type { PlanHeader } from '../../../src/audit/retention-ports.ts';
import { claimed, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { day, type RetentionApp, retentionApp } from '../../builders/retention-app.ts';
import { policyOf } from '../../builders/retention-content.ts';

const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(digestOf);
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** Three repositories whose images are old, compared and used by nobody. */
async function old(): Promise<RetentionApp> {
  const app = retentionApp();
  await app.push('team/app', '1.0', digestOf('one'));
  await app.push('team/app', undefined, digestOf('two'));
  await app.push('team/app-x', undefined, digestOf('three'));
  await app.push('team/app/x', '1.0', digestOf('four'));
  app.wait((60 * day) / 60_000);
  for (const repository of ['team/app', 'team/app-x', 'team/app/x']) await app.compare(repository);
  await app.idle();
  return app;
}

async function made(app: RetentionApp, repositories?: string): Promise<PlanHeader> {
  const { id } = await app.beginPlan(repositories);
  await app.makePlan(id);
  const stored = await app.plans.get(usedRegistry, id);
  if (stored === undefined) throw new Error('no plan');
  return stored.header;
}

const decided = async (app: RetentionApp, id: string) =>
  (await Array.fromAsync(app.plans.repositories(usedRegistry, id))).map(({ repository, items }) => [
    repository,
    items.map(({ tag, digest, action }) => [tag ?? digest, action]),
  ]);

describe('when a plan is made', () => {
  it('it says what becomes of everything, what it rests on and how much goes', async () => {
    const app = await old();
    const header = await made(app);
    expect(app.waiting).toEqual([{ make: header.id }]);
    expect(await decided(app, header.id)).toEqual([
      [
        'team/app',
        [
          ['1.0', 'untag'],
          [one, 'keep'],
          [two, 'delete'],
        ],
      ],
      ['team/app-x', [[three, 'delete']]],
      [
        'team/app/x',
        [
          ['1.0', 'untag'],
          [four, 'keep'],
        ],
      ],
    ]);
    expect(header).toMatchObject({
      state: 'ready',
      createdBy: 'planner',
      blocks: [],
      counts: { repositories: 3, tags: 2, manifests: 4, untag: 2, delete: 2 },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      inputs: {
        historyAt: expect.any(Number),
        policyHash: 'a'.repeat(64),
        sources: [
          { source: 'aks-prod', condition: 'fresh', completeAt: expect.any(Number) },
          { source: 'compose', condition: 'fresh', completeAt: expect.any(Number) },
        ],
      },
    });
  });

  it('it is about the repositories that were asked for', async () => {
    const app = await old();
    const header = await made(app, 'team/app-.*');
    expect(await decided(app, header.id)).toEqual([['team/app-x', [[three, 'delete']]]]);
    expect(header).toMatchObject({ repositories: 'team/app-.*', counts: { repositories: 1 } });
  });

  it('what a workload needs stays', async () => {
    const app = await old();
    await app.report('aks-prod', [claimed(`team/app-x@${three}`, 'web'), claimed('team/app:1.0', 'api')]);
    const header = await made(app);
    expect(header.counts).toMatchObject({ untag: 1, delete: 1 });
  });

  it('nothing goes, and it is blocked, while a source is in doubt', async () => {
    const app = await old();
    app.wait(45);
    expect(await made(app)).toMatchObject({
      state: 'blocked',
      blocks: ['source-stale: aks-prod (stale)'],
      counts: { untag: 0, delete: 0 },
    });
  });

  it('it is blocked by a repository that could not be read, of which nothing goes', async () => {
    const app = await old();
    await app.tables.repositories.put({
      partitionKey: `${usedRegistry}|team:app-x`,
      rowKey: `m|${three}`,
      columns: { presence: 'perhaps' },
    });
    const header = await made(app);
    expect(header).toMatchObject({
      state: 'blocked',
      blocks: [`${usedRegistry}/team/app-x: could not be read (corrupt-row)`],
    });
    expect((await decided(app, header.id))[1]).toEqual(['team/app-x', []]);
  });

  it('it is blocked by caps', async () => {
    const app = await old();
    app.policy.policy = policyOf({ caps: { percent: 100, perRepository: 1_000, whole: 1 } });
    const { state, blocks } = await made(app);
    expect(state).toBe('blocked');
    expect(blocks).toEqual([
      expect.stringContaining('all repositories: 2 of 2 tags untagged'),
      expect.stringContaining('all repositories: 2 of 4 manifests deleted'),
    ]);
  });

  it('a fault that passes leaves it to be made later, from where it was', async () => {
    const app = await old();
    const { id } = await app.beginPlan();
    const ports = app.planning();
    const fault = new AuditFault('storage-unreachable', 'no answer', { retryable: true });
    const read: string[] = [];
    let fails = true;
    const content: typeof ports.content = async (repository, situation) => {
      read.push(repository.repository);
      if (fails && repository.repository === 'team/app/x') throw fault;
      return ports.content(repository, situation);
    };
    await expect(makePlan({ ...ports, content })(usedRegistry, id)).rejects.toBe(fault);
    expect((await app.plans.get(usedRegistry, id))?.header.state).toBe('making');
    fails = false;
    const header = await makePlan({ ...ports, content })(usedRegistry, id);
    expect(read).toEqual(['team/app', 'team/app-x', 'team/app/x', 'team/app/x']);
    expect(header).toMatchObject({ state: 'ready', counts: { repositories: 3, untag: 2, delete: 2 } });
    // Told again, it stays as it is.
    expect(await makePlan({ ...ports, content })(usedRegistry, id)).toEqual(header);
    expect(read).toHaveLength(4);
  });

  it('its hash is the same for the same content, and not for other content', async () => {
    const app = await old();
    const [first, second] = [await made(app), await made(app, 'team/.*')];
    expect(first.inputs.historyAt).not.toBe(second.inputs.historyAt);
    expect(first.hash).not.toBe(second.hash);
  });

  it('bytes are those of layers that nothing names that stays', async () => {
    const app = await old();
    const repository = app.registry.repository('team/layers');
    const layer = (name: string, size: number) => ({ digest: digestOf(name), size });
    const at = app.clock.time - 50 * day;
    const config = layer('config', 10);
    repository.push(undefined, digestOf('goes'), at, {
      config,
      layers: [layer('base', 500), layer('own', 70)],
    });
    repository.push(undefined, digestOf('goes too'), at, { layers: [layer('own', 70), layer('other', 3)] });
    repository.push('1.0', digestOf('stays'), at, { layers: [layer('base', 500)] });
    await app.compare('team/layers');
    expect((await made(app, 'team/layers')).freed).toEqual({ atLeast: 0, atMost: 583 });
    // Every document of the registry is read.
    expect((await made(app)).freed).toEqual({ atLeast: 83, atMost: 83 });
  });

  it('once the policy is another, it is given up', async () => {
    const app = await old();
    const { id } = await app.beginPlan();
    app.policy.policyHash = 'b'.repeat(64);
    expect(await app.makePlan(id)).toMatchObject({ state: 'failed', stoppedBecause: expect.any(String) });
    expect(await decided(app, id)).toEqual([]);
  });

  it('two who make it at once do not both', async () => {
    const app = await old();
    const { id } = await app.beginPlan();
    const outcomes = await Promise.allSettled([app.makePlan(id), app.makePlan(id)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await app.plans.get(usedRegistry, id))?.header.state).toBe('ready');
  });

  it('of one that nobody began, nothing is made', async () => {
    const app = await old();
    expect(await app.makePlan(`${'1'.repeat(13)}-${'a'.repeat(12)}`)).toBeUndefined();
  });
});

describe('when a plan is given up', () => {
  it('it says so, unless it is over', async () => {
    const app = await old();
    const giveUp = giveUpPlan({ plans: app.plans, clock: app.clock, log: silent });
    const { id } = await app.beginPlan();
    await giveUp(usedRegistry, id);
    expect((await app.plans.get(usedRegistry, id))?.header).toMatchObject({
      state: 'failed',
      stoppedBecause: 'it could not be made',
    });
    const ready = await made(app);
    await giveUp(usedRegistry, ready.id);
    expect((await app.plans.get(usedRegistry, ready.id))?.header).toEqual(ready);
    await giveUp(usedRegistry, `${'1'.repeat(13)}-${'a'.repeat(12)}`);
  });
});

describe('when what a plan decides is listed', () => {
  it('pages go on where the last ended, and have what was asked for', async () => {
    const app = await old();
    const { id } = await made(app);
    const all = await app.decisions(usedRegistry, id, { limit: 1000 });
    expect(all.items).toHaveLength(6);
    expect(all.next).toBeUndefined();
    const paged = [];
    let from: Awaited<ReturnType<typeof app.decisions>>['next'];
    do {
      const page = await app.decisions(usedRegistry, id, { limit: 2, ...(from && { from }) });
      paged.push(...page.items);
      from = page.next;
    } while (from !== undefined);
    expect(paged).toEqual(all.items);
    const going = await app.decisions(usedRegistry, id, { limit: 1000, action: 'delete' });
    expect(going.items.map(({ item }) => item.digest)).toEqual([two, three]);
  });
});
