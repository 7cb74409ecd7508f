import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { rowsOf } from '../../src/storage/row.ts';
import {
  askOf,
  begin,
  deliverTo,
  type FaultedService,
  faultedService,
  outcomes,
  runNow,
} from '../builders/faulted-service.ts';
import { imagePushed } from '../builders/registry-event.ts';
import { chanceOf } from '../builders/restless-table.ts';
import { pushImage } from '../component/acr/image.ts';
import { eventually, type HostProcess } from '../component/host/host-process.ts';

const seed = Number(process.env['OVERLAP_SEED'] ?? 20_261_121);
const rounds = Number(process.env['OVERLAP_ROUNDS'] ?? 1);
const chance = chanceOf(seed);
const timeout = 240_000;
/** Every timer there is without an account of Azure; each is run again and again while it and the others run. */
const timers = [
  'reconcileRegistries',
  'enforceLocks',
  'refreshInventory',
  'assessClaimed',
  'assessRegistrySettings',
  'escalateFindings',
  'deliverAlerts',
  'sealLedger',
  'replayDeadLetters',
  'measureState',
] as const;

let service: FaultedService;
let hosts: readonly HostProcess[];
let registry: string;

beforeAll(async () => {
  service = await faultedService();
  registry = service.registry.loginServer;
  hosts = [await service.start(), await service.start()];
}, timeout);
afterAll(() => service?.stop(), timeout);

const functions = z.array(z.object({ name: z.string(), trigger: z.string() }));
const settled = () => eventually(async () => ((await service.waiting()) === 0 ? true : undefined));

describe(`when every timer runs over itself, in one host and in two (OVERLAP_SEED=${seed})`, () => {
  it('this tries every timer that the app has', async () => {
    const listed = functions.parse(await (await fetch(`${hosts[0]?.url}/admin/functions`)).json());
    expect(
      listed
        .filter(({ trigger }) => trigger === 'timer')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...timers].sort());
  });

  it(
    'nothing is told or sealed twice, nothing is lost, and each can run after',
    async () => {
      const [one, other] = hosts;
      if (one === undefined || other === undefined) throw new Error('no hosts');
      const used = await pushImage(service.registry, 'team/app', 'v0', { content: 'used' });
      const image = `${registry}/team/app`;
      const references = [{ image: `${image}@${used}`, workload: 'web', state: 'running' }];
      const snapshot = { complete: true, references };
      await eventually(async () => {
        const sent = await askOf(one, 'inventory/compose', snapshot, { method: 'PUT' });
        return sent.ok ? true : undefined;
      });
      const asked = { image: `${image}:v0`, environment: 'production', reason: 'release' };
      expect((await askOf(one, 'approvals', asked)).status).toBe(201);

      const events: string[] = [];
      for (let round = 0; round < rounds; round += 1) {
        // Something for each timer to find: pushes without an event, events without a push, a deletion of what is used.
        for (let number = 0; number < 6; number += 1) {
          await pushImage(service.registry, `team/app-${number % 3}`, `v${round}`, {
            content: `${seed} ${round} ${number}`,
          });
        }
        const runs = Array.from({ length: 3 }, () => timers)
          .flat()
          .map((name) => ({ name, host: hosts[chance(1)] ?? one, before: chance(40) }));
        const before = hosts.map((host) => timers.map((name) => outcomes(host, name).length));
        await Promise.all([
          ...runs.map(async ({ name, host, before: wait }) => {
            await new Promise((done) => setTimeout(done, wait));
            await begin(host, name);
          }),
          ...Array.from({ length: 12 }, async (_, number) => {
            const id = `overlap-${round}-${number}`;
            events.push(id);
            const timestamp = new Date(Date.now() - chance(100_000)).toISOString();
            const event = imagePushed({
              ...{ resourceId: service.registry.resourceId, id, timestamp },
              ...{ repository: 'told/app', tag: `t${number % 4}` },
            });
            while ((await deliverTo(hosts[chance(1)] ?? one, event)) !== 202);
          }),
        ]);
        for (const [place, host] of hosts.entries()) {
          for (const [index, name] of timers.entries()) {
            const count = runs.filter((run) => run.host === host && run.name === name).length;
            const known = before[place]?.[index] ?? 0;
            await eventually(() => (outcomes(host, name).length >= known + count ? true : undefined));
          }
        }
        await settled();
      }

      // Each timer can run, and is done by one run alone.
      for (const name of timers) expect([name, await runNow(one, name)]).toEqual([name, 'succeeded']);
      await settled();
      for (const name of ['sealLedger', 'sealLedger'] as const) await runNow(other, name);
      const announced = await service.expectHistories();
      const told = announced.filter(({ repository }) => repository === 'told/app');
      expect(told.map(({ fact }) => fact.eventId).sort()).toEqual(events.sort());
      // What no event told was found once each: five tags, however many compared at once.
      for (const { fact, repository } of announced) {
        if (repository === 'told/app') continue;
        const same = announced.filter(
          (each) =>
            each.repository === repository &&
            each.fact.tag === fact.tag &&
            each.fact.digest === fact.digest &&
            each.fact.action === fact.action,
        );
        expect(same).toHaveLength(1);
      }
      await service.expectSealed();
      expect((await service.rejected()).map(({ reason, payload }) => [reason, payload])).toEqual([]);

      // One approval, one lock each, told once.
      const statements = (await service.repositoryRows('team/app'))
        .filter(({ rowKey }) => rowKey.startsWith('S|'))
        .map(({ columns }) => statement.parse(JSON.parse(String(columns['leaf']))));
      const of = (kind: string) => statements.filter((each) => each.kind === kind);
      expect(of('approval-requested')).toHaveLength(1);
      const locks = of('lock-set').map(({ content }) => JSON.stringify([content['tag'], content['digest']]));
      expect(new Set(locks).size).toBe(locks.length);
      const alerts = [];
      for await (const { rowKey } of rowsOf(service.tables.findings, {
        partitionKey: registry,
        from: 'x|',
        before: 'x|~',
      })) {
        alerts.push(rowKey);
      }
      expect(alerts).toEqual([]);
    },
    timeout,
  );
});

const statement = z.looseObject({ kind: z.string(), content: z.record(z.string(), z.unknown()) });
