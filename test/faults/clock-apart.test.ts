import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import {
  askOf,
  begin,
  beginPlan,
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
import { deliveriesOf, randomFrom, syntheticEvents } from '../builders/synthetic-events.ts';
import { pushImage } from '../component/acr/image.ts';
import { eventually, type HostProcess } from '../component/host/host-process.ts';

const seed = Number(process.env['CLOCK_SEED'] ?? 20_261_121);
const eventCount = Number(process.env['CLOCK_EVENTS'] ?? 60);
const hour = 3_600_000;
const day = 24 * hour;
const timeout = 240_000;
const chance = chanceOf(seed);
const repository = 'team/app';

let service: FaultedService;
/** Of two instances, one whose clock is right, and one whose clock is wrong by what its file says. */
let right: HostProcess;
let wrong: HostProcess;
let clockFile: string;

/** Sets the wrong clock, while its host runs. */
const wrongBy = async (ms: number) => {
  await writeFile(clockFile, String(ms));
  // It looks at the file each twentieth of a second.
  await new Promise((done) => setTimeout(done, 100));
};

beforeAll(async () => {
  // Ten days old: young enough to stay, unless a clock is ahead by more than four days.
  service = await faultedService({ imagesAge: 10 * day });
  clockFile = join(service.directory, 'clock');
  await wrongBy(0);
  right = await service.start();
  wrong = await service.start({ clockFile });
}, timeout);
afterAll(() => service?.stop(), timeout);

const locksOf = async (tag: string) =>
  (await accessTo(service.registry).content.tag(repository, tag))?.locks.canDelete;
const closing = z.object({ kind: z.optional(z.string()), sealedAt: z.optional(z.string()) });
const approvals = z.object({ items: z.array(z.object({ id: z.string(), state: z.string() })) });

describe(`when one of two instances has a clock that jumps to and fro (CLOCK_SEED=${seed})`, () => {
  it(
    'events are recorded once, with the registry’s time, whichever of them is asked; none is rejected',
    async () => {
      const { registry } = service;
      const hosts = [right, wrong];
      const start = Date.now() - eventCount * 7_000;
      const shift = start - Date.UTC(2026, 3, 1);
      const made = syntheticEvents(eventCount, 3, randomFrom(`clock ${seed}`)).map(({ data, ...event }) => ({
        ...imagePushed({ resourceId: registry.resourceId, repository: data.target.repository }),
        ...event,
        topic: registry.resourceId,
        data: { ...data, timestamp: new Date(Date.parse(data.timestamp) + shift).toISOString() },
      }));
      let refused = 0;
      const waiting = deliveriesOf(made, randomFrom(`order ${seed}`)).values();
      const acknowledged = new Set<string>();
      async function sender(): Promise<void> {
        for (const event of waiting) {
          if (chance(19) === 0) await wrongBy((chance(1) === 0 ? -1 : 1) * (chance(40 * 24) + 1) * hour);
          for (;;) {
            const host = hosts[chance(1)] ?? right;
            const status = await deliverTo(host, event);
            if (status === 202) break;
            expect(status).toBe(500);
            refused += 1;
          }
          acknowledged.add(event.id);
        }
      }
      await Promise.all([sender(), sender(), sender(), sender()]);
      await wrongBy(0);
      // Some met a clock that was behind: else this would prove nothing.
      expect(refused).toBeGreaterThan(0);
      expect(await service.rejected()).toEqual([]);
      const announced = await service.expectHistories();
      expect(announced.map(({ fact }) => fact.eventId).sort()).toEqual(made.map(({ id }) => id).sort());
    },
    timeout,
  );

  it('an event of the year 2999 is rejected by an instance whose clock is right, once and for all', async () => {
    const far = imagePushed({
      resourceId: service.registry.resourceId,
      id: 'far',
      timestamp: '2999-01-01T00:00:00Z',
    });
    expect(await deliverTo(right, far)).toBe(202);
    expect((await service.rejected()).map(({ reason }) => reason)).toEqual(['future-timestamp']);
  });

  it(
    'locks are not released while a clock is ahead, nor approvals dated by it, and enforcement goes on after',
    async () => {
      await wrongBy(0);
      await pushImage(service.registry, repository, 'v1', { content: 'approved' });
      const image = `${service.registry.loginServer}/${repository}:v1`;
      const release = { image, environment: 'production', reason: 'release' };
      expect((await askOf(right, 'approvals', release)).status).toBe(201);
      await eventually(async () => ((await locksOf('v1')) === false ? true : undefined));

      for (const days of [61 + chance(400), -(61 + chance(400))]) {
        await wrongBy(days * day);
        const input = { registry: service.registry.loginServer, repository };
        expect(await runNow(wrong, 'enforceRepository', input)).toBe('failed');
        expect((await askOf(wrong, 'approvals', release)).status).toBe(503);
        expect((await askOf(wrong, 'holds', { repositories: 'team/.*', reason: 'a case' })).status).not.toBe(
          201,
        );
        expect(await locksOf('v1')).toBe(false);
      }
      expect(wrong.stderr()).toContain('clock');
      await wrongBy(0);
      const input = { registry: service.registry.loginServer, repository };
      await eventually(async () =>
        (await runNow(wrong, 'enforceRepository', input)) === 'succeeded' ? true : undefined,
      );
      const { items } = approvals.parse(await (await askOf(right, 'approvals')).json());
      expect(items.map(({ state }) => state)).toEqual(['protected']);
      expect(await locksOf('v1')).toBe(false);
    },
    timeout,
  );

  it(
    'a plan made while a clock is ahead does not take what is young, and no plan runs by it',
    async () => {
      for (let number = 0; number < 4; number += 1) {
        await pushImage(service.registry, 'team/young', undefined, { content: `young ${number}` });
      }
      const image = `${service.registry.loginServer}/other/app@sha256:${'0'.repeat(64)}`;
      const snapshot = { complete: true, references: [{ image, workload: 'web' }] };
      const sent = await askOf(right, 'inventory/compose', snapshot, { method: 'PUT' });
      expect(sent.status).toBe(200);
      await runNow(right, 'reconcileRegistries');
      await eventually(async () =>
        (await service.waiting((name) => name === 'reconcile-repository')) === 0 ? true : undefined,
      );

      await wrongBy((5 + chance(1000)) * day);
      expect((await askOf(wrong, 'retention/plans', {}, { as: 'planner' })).status).toBe(503);
      const id = await beginPlan(right);
      await begin(wrong, 'planRetention', { registry: service.registry.loginServer, id });
      // Both take messages of the queue: the wrong one gives its back.
      const made = await eventually(async () => {
        const plan = await planOf(right, id);
        return plan.state === 'making' ? undefined : plan;
      });
      expect(made).toMatchObject({ state: 'ready', counts: { delete: 0 } });
      expect(await gathered(accessTo(service.registry).content.manifests('team/young'))).toHaveLength(4);
      await wrongBy(0);
      expect(await planOnce(wrong, id, 'ready')).toMatchObject({ hash: made.hash });
    },
    timeout,
  );

  it(
    'the log is sealed by those alone whose clock is right, and verifies',
    async () => {
      await wrongBy((chance(1) === 0 ? -1 : 1) * (1 + chance(90)) * day);
      await runNow(wrong, 'sealLedger');
      await wrongBy(0);
      await eventually(async () => ((await runNow(right, 'sealLedger')) === 'succeeded' ? true : undefined));
      const entries = await service.expectSealed();
      const sealedAt = entries
        .map((entry) => closing.parse(JSON.parse(entry)))
        .flatMap(({ kind, sealedAt = '' }) => (kind === 'sealed-batch' ? [Date.parse(sealedAt)] : []));
      expect(sealedAt).toEqual(sealedAt.toSorted((a, b) => a - b));
      for (const time of sealedAt) expect(Math.abs(Date.now() - time)).toBeLessThan(hour);
      expect(outcomes(right, 'sealLedger')).toContain('succeeded');
    },
    timeout,
  );
});
