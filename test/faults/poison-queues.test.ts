import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repositoryKey } from '../../src/storage/keys.ts';
import { deadLettered, deadLetterName } from '../builders/dead-letter.ts';
import { deadLetterBlobs } from '../builders/dead-letter-blobs.ts';
import {
  askOf,
  beginPlan,
  comeBackSoon,
  deliverTo,
  type FaultedService,
  faultedService,
  outcomes,
  planOf,
  planOnce,
  runNow,
} from '../builders/faulted-service.ts';
import { accessTo, gathered } from '../builders/registry-access.ts';
import { imagePushed } from '../builders/registry-event.ts';
import { chanceOf } from '../builders/restless-table.ts';
import { pushImage } from '../component/acr/image.ts';
import { eventually, type HostProcess } from '../component/host/host-process.ts';

const seed = Number(process.env['POISON_SEED'] ?? 20_261_121);
const rounds = Number(process.env['POISON_ROUNDS'] ?? 6);
const chance = chanceOf(seed);
const timeout = 240_000;

let service: FaultedService;
let host: HostProcess;
let registry: string;

beforeAll(async () => {
  service = await faultedService();
  registry = service.registry.loginServer;
  // Given up after three attempts in a row, not after twenty in ten minutes.
  await comeBackSoon(service.app, 3);
  for (const repository of ['team/app', 'team/bad']) await pushImage(service.registry, repository, 'v1');
  host = await service.start();
  const sent = await askOf(host, 'inventory/compose', { complete: true, references: [] }, { method: 'PUT' });
  expect(sent.status).toBe(200);
}, timeout);
afterAll(() => service?.stop(), timeout);

async function send(name: string, text: string): Promise<void> {
  const queue = service.queues.getQueueClient(name);
  await queue.createIfNotExists();
  await queue.sendMessage(Buffer.from(text).toString('base64'));
}

/** Resolves when no queue holds a message. */
const drained = () => eventually(async () => ((await service.waiting()) === 0 ? true : undefined));

/** Has nobody work on what a lease is for, until what is returned is called. */
async function held(name: string): Promise<() => Promise<unknown>> {
  const container = BlobServiceClient.fromConnectionString(
    service.azurite.connectionString,
  ).getContainerClient('leases');
  await container.createIfNotExists();
  const blob = container.getBlockBlobClient(name);
  if (!(await blob.exists())) await blob.upload('', 0);
  const lease = blob.getBlobLeaseClient();
  await lease.acquireLease(-1);
  return () => lease.releaseLease();
}

/** A text that is no message of ours: no JSON, or JSON that was changed at a place that chance decides. */
function spoilt(good: object): string {
  const forms = [
    () => '',
    () => '{"registry":',
    () => 'null',
    () => '[]',
    () => '{}',
    () => JSON.stringify(JSON.stringify(good)).slice(0, -2),
    () => `\u0000${chance(1_000_000)}`,
    () => JSON.stringify({ ...good, registry: chance(99), source: 7, id: '../..' }),
    () => JSON.stringify({ ...good, repository: '../UPPER', source: { a: 1 }, id: '' }),
    () => '9'.repeat(400),
    () => '['.repeat(5_000),
  ];
  return forms[chance(forms.length - 1)]?.() ?? '';
}

const queues = [
  {
    name: 'reconcile-repository',
    trigger: 'reconcileRepository',
    reason: 'comparison-failed',
    good: () => ({ registry, repository: 'team/app', source: 'reconcile' }),
    failing: () => ({ registry, repository: 'team/bad', source: 'reconcile' }),
    lease: () => `reconcile/${registry}/team/bad`,
  },
  {
    name: 'enforce-repository',
    trigger: 'enforceRepository',
    reason: 'enforcement-failed',
    good: () => ({ registry, repository: 'team/app' }),
    failing: () => ({ registry, repository: 'team/bad' }),
    lease: () => `protect/${registry}/team/bad`,
  },
  {
    name: 'refresh-source',
    trigger: 'refreshSource',
    reason: 'look-failed',
    good: () => ({ source: 'compose' }),
  },
  {
    name: 'assess-uses',
    trigger: 'assessUses',
    reason: 'look-failed',
    good: () => ({ registry, repository: 'team/app' }),
  },
  {
    name: 'plan-retention',
    trigger: 'planRetention',
    reason: 'plan-failed',
    good: () => ({ registry, id: '8200000000000-000000000000' }),
  },
  {
    name: 'execute-retention',
    trigger: 'executeRetention',
    reason: 'plan-failed',
    good: () => ({ registry, id: '8200000000000-000000000000' }),
  },
] as const;

describe.each(queues)(`when messages of $name cannot be read (POISON_SEED=${seed})`, (queue) => {
  it(
    'they are kept as rejected and acknowledged, and those behind them are worked on',
    async () => {
      const before = await service.rejected();
      const done = () => outcomes(host, queue.trigger).filter((outcome) => outcome === 'succeeded').length;
      const succeeded = done();
      const texts = new Set(Array.from({ length: rounds }, () => spoilt(queue.good())));
      for (const text of texts) await send(queue.name, text);
      await send(queue.name, JSON.stringify(queue.good()));
      await drained();
      expect(done() - succeeded).toBe(1);
      const kept = (await service.rejected()).slice(0);
      const added = kept.filter(
        ({ payload, reason }) => !before.some((one) => one.payload === payload && one.reason === reason),
      );
      for (const { reason } of added) expect(reason).toBe(queue.reason);
      const payloads = new Set(kept.map(({ payload }) => payload));
      // As the host hands them over: what is JSON is parsed, what is not is text.
      for (const text of texts) expect(payloads).toContain(asKept(text));
    },
    timeout,
  );
});

/** As the host hands a message over: what is JSON is parsed, what is not is text. */
function asKept(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

const failing = queues.filter((queue) => 'lease' in queue);
describe.each(failing)('when a message of $name fails each time', (queue) => {
  it(
    'it is given up and kept; the next works, and so does the same one when what failed is mended',
    async () => {
      const release = await held(queue.lease());
      const done = () => outcomes(host, queue.trigger).filter((outcome) => outcome === 'succeeded').length;
      const succeeded = done();
      const message = JSON.stringify(queue.failing());
      const isKept = ({ payload, reason }: { readonly payload: string; readonly reason: string }) =>
        reason === queue.reason && payload === message;
      await send(queue.name, message);
      await send(queue.name, JSON.stringify(queue.good()));
      await drained();
      expect((await service.rejected()).filter(isKept)).toHaveLength(1);
      expect(done() - succeeded).toBe(1);
      await release();
      await send(queue.name, message);
      await drained();
      expect(done() - succeeded).toBe(2);
    },
    timeout,
  );
});

describe('when a plan can never be made, or never run', () => {
  it(
    'it is told as failed, nothing is deleted, and the next is made and run',
    async () => {
      for (let number = 0; number < 3; number += 1) {
        await pushImage(service.registry, 'team/old', undefined, { content: `old ${number}` });
      }
      const left = () => gathered(accessTo(service.registry).content.manifests('team/old'));
      await runNow(host, 'reconcileRegistries');
      await drained();
      const decided = async (id: string, decision: string, as: string) => {
        const { hash } = await planOf(host, id);
        const answer = await askOf(
          host,
          `retention/plans/${id}/${decision}`,
          { hash, reason: 'old' },
          { as },
        );
        expect(answer.ok).toBe(true);
      };

      // Nobody knows a plan's id before it is begun: its making is held up by what it reads.
      const id = await beginPlan(host);
      await planOnce(host, id, 'ready');
      await decided(id, 'approve', 'approver');
      const release = await held(`retention/${registry}`);
      await decided(id, 'execute', 'executor');
      expect(await planOnce(host, id, 'failed', 'done')).toMatchObject({ state: 'failed' });
      expect(await left()).toHaveLength(3);
      await release();

      const next = await beginPlan(host);
      await planOnce(host, next, 'ready');
      await decided(next, 'approve', 'approver');
      await decided(next, 'execute', 'executor');
      expect(await planOnce(host, next, 'failed', 'done')).toMatchObject({ state: 'done' });
      expect(await left()).toHaveLength(0);
    },
    timeout,
  );
});

/** Makes each attempt at a tag fail, until what is returned is called: a head that cannot be read is not guessed at. */
async function corrupted(repository: string, tag: string): Promise<() => Promise<unknown>> {
  const row = {
    partitionKey: repositoryKey({ registry, repository }),
    rowKey: `t|${tag}`,
    columns: { digest: 'none' },
  };
  await service.tables.repositories.put(row);
  return () => service.tables.repositories.transact([{ operation: 'remove', row }]);
}

const pushOf = (id: string, repository: string, tag: string) =>
  imagePushed({ resourceId: service.registry.resourceId, id, repository, tag });
const toldOf = async (repository: string) =>
  (await service.repositoryRows(repository)).filter(({ rowKey }) => rowKey.startsWith('E|')).length;

describe('when an event fails each time', () => {
  it('it is never acknowledged, others of its repository are told, and it is told once when the row is mended', async () => {
    const mend = await corrupted('event/app', 'bad');
    const event = pushOf('failing', 'event/app', 'bad');
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await deliverTo(host, event)).toBe(500);
    expect(await deliverTo(host, pushOf('good', 'event/app', 'good'))).toBe(202);
    await mend();
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await deliverTo(host, event)).toBe(202);
    expect(await toldOf('event/app')).toBe(2);
    await service.expectHistories();
  });

  it('from a queue, it is kept as it came, and is told when its payload is posted again', async () => {
    const mend = await corrupted('queue/app', 'bad');
    const event = JSON.stringify(pushOf('queued', 'queue/app', 'bad'));
    await send('registry-events', event);
    await send('registry-events', JSON.stringify(pushOf('behind', 'queue/app', 'good')));
    await drained();
    expect(await toldOf('queue/app')).toBe(1);
    const kept = (await service.rejected()).filter(({ reason }) => reason === 'poison-message');
    expect(kept.map(({ payload }) => payload)).toEqual([event]);
    await mend();
    await send('registry-events', kept[0]?.payload ?? '');
    await drained();
    expect(await toldOf('queue/app')).toBe(2);
  });

  it('as a dead letter, it waits while others are replayed, and is replayed when the row is mended', async () => {
    const place = deadLetterBlobs(service.azurite.connectionString);
    const mend = await corrupted('dead/app', 'bad');
    const list = (...events: Parameters<typeof deadLettered>) => JSON.stringify(events.map(deadLettered));
    await place.put(deadLetterName(1), list(pushOf('dead', 'dead/app', 'bad')));
    await place.put(deadLetterName(2), spoilt({}));
    await place.put(deadLetterName(3), list(pushOf('alive', 'dead/app', 'good')));
    expect(await runNow(host, 'replayDeadLetters')).toBe('failed');
    const first = await place.state();
    expect(Object.keys(first.waiting)).toEqual([deadLetterName(1)]);
    expect(Object.keys(first.done)).toContain(deadLetterName(3));
    expect(await toldOf('dead/app')).toBe(1);
    await mend();
    expect(await runNow(host, 'replayDeadLetters')).toBe('succeeded');
    expect((await place.state()).waiting).toEqual({});
    expect(await toldOf('dead/app')).toBe(2);
  });
});

describe('when a row that a timer works on cannot be read', () => {
  it('alerts behind it are told, and it stays', async () => {
    const row = { partitionKey: registry, rowKey: 'x|0000000000001|spoilt.1', columns: { change: 'opened' } };
    await service.tables.findings.put(row);
    expect(await runNow(host, 'deliverAlerts')).toBe('succeeded');
    expect(await service.tables.findings.get(registry, row.rowKey)).toBeDefined();
    expect(host.stderr()).toContain('alert not readable');
  });
});
