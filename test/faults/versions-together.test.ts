import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { rowsOf } from '../../src/storage/row.ts';
import {
  askOf,
  deliverTo,
  type FaultedService,
  faultedService,
  runNow,
} from '../builders/faulted-service.ts';
import { imageDeleted, imagePushed } from '../builders/registry-event.ts';
import { chanceOf } from '../builders/restless-table.ts';
import { deliveriesOf, randomFrom, syntheticEvents } from '../builders/synthetic-events.ts';
import { pushImage } from '../component/acr/image.ts';
import { type AppDirectory, eventually, type HostProcess } from '../component/host/host-process.ts';

const seed = Number(process.env['VERSIONS_SEED'] ?? 20_261_121);
const eventCount = Number(process.env['VERSIONS_EVENTS'] ?? 40);
const chance = chanceOf(seed);
const timeout = 240_000;

let service: FaultedService;
let later: AppDirectory;
let present: HostProcess;
let next: HostProcess;

beforeAll(async () => {
  service = await faultedService();
  const root = await mkdtemp(join(tmpdir(), 'acr-audit-later-'));
  later = { root, data: join(root, 'data'), remove: () => rm(root, { recursive: true, force: true }) };
  await cp(service.app.root, root, { recursive: true });
  execFileSync(process.execPath, ['test/later-version.js', join(root, 'dist')], { stdio: 'inherit' });
  [present, next] = await Promise.all([service.start(), service.start({ app: later })]);
}, timeout);
afterAll(async () => {
  await service?.stop();
  await later?.remove();
}, timeout);

const settled = () => eventually(async () => ((await service.waiting()) === 0 ? true : undefined));
const leafForm = z.looseObject({ kind: z.optional(z.string()), later: z.optional(z.unknown()) });

describe(`when this version and a later one run side by side (VERSIONS_SEED=${seed})`, () => {
  it(
    'both record parts of the same events and seal one log; history is right, the log verifies, and nothing is lost',
    async () => {
      const { registry } = service;
      const hosts = [present, next];
      const events = syntheticEvents(eventCount, 3, randomFrom(`versions ${seed}`)).map(({ data, id }) => {
        const { repository, digest, tag = null } = data.target;
        const what = { resourceId: registry.resourceId, id, repository, digest, timestamp: data.timestamp };
        const location = data.location ?? 'westeurope';
        return data.action === 'delete'
          ? imageDeleted({ ...what, location })
          : imagePushed({ ...what, location, tag });
      });
      const waiting = deliveriesOf(events, randomFrom(`order ${seed}`)).values();
      let delivered = 0;
      async function sender(): Promise<void> {
        for (const event of waiting) {
          while ((await deliverTo(hosts[chance(1)] ?? present, event)) !== 202);
          delivered += 1;
          if (delivered % 40 === 0) await Promise.all(hosts.map((host) => runNow(host, 'sealLedger')));
        }
      }
      await Promise.all([sender(), sender(), sender(), sender()]);
      for (const host of hosts) {
        await eventually(async () => ((await runNow(host, 'sealLedger')) === 'succeeded' ? true : undefined));
      }
      const announced = await service.expectHistories();
      expect(announced.map(({ fact }) => fact.eventId).sort()).toEqual(events.map(({ id }) => id).sort());
      const entries = await service.expectSealed();
      const leaves = entries
        .map((entry) => leafForm.parse(JSON.parse(entry)))
        .filter(({ kind }) => kind !== 'sealed-batch');
      // Both wrote some, and what only one knows was sealed as it was written.
      expect(leaves.filter((leaf) => leaf.later !== undefined).length).toBeGreaterThan(0);
      expect(leaves.filter((leaf) => leaf.later === undefined).length).toBeGreaterThan(0);
      expect(await service.rejected()).toEqual([]);
    },
    timeout,
  );

  it(
    'each takes the messages that the other sent, and what has a kind that only one knows is neither told wrongly nor lost',
    async () => {
      await pushImage(service.registry, 'found/app', 'v1', { content: 'first' });
      await runNow(next, 'reconcileRegistries');
      await settled();
      await pushImage(service.registry, 'found/app', 'v2', { content: 'unannounced' });
      await runNow(next, 'reconcileRegistries');
      await settled();
      await pushImage(service.registry, 'found/app', 'v3', { content: 'also' });
      await present.stop();
      await runNow(next, 'reconcileRegistries');
      await settled();
      const found = async () => {
        const range = { partitionKey: service.registry.loginServer, from: 'f|', before: 'f|~' };
        const rows = await Array.fromAsync(rowsOf(service.tables.findings, range));
        return rows.map(({ rowKey, columns }) => [rowKey, columns]);
      };
      const before = (await found()).filter(([, columns]) => JSON.stringify(columns).includes('LaterChange'));
      expect(before.length).toBeGreaterThan(0);

      // The update is taken back: only the present version is left.
      await next.stop();
      present = await service.start();
      const listed = await askOf(present, 'findings');
      expect(listed.status).toBe(200);
      expect(await listed.text()).toContain('LaterChange');
      for (const name of ['reconcileRegistries', 'deliverAlerts', 'escalateFindings', 'sealLedger']) {
        await runNow(present, name);
      }
      await settled();
      expect(await found()).toEqual(expect.arrayContaining(before));
      expect((await askOf(present, `history?image=${service.registry.loginServer}/found/app`)).status).toBe(
        200,
      );
      await service.expectHistories();

      // And made again: it is told.
      next = await service.start({ app: later });
      const told = await (await askOf(next, 'findings')).text();
      expect(told).toContain('LaterChange');
      await eventually(async () => ((await runNow(next, 'sealLedger')) === 'succeeded' ? true : undefined));
      await service.expectSealed();
      expect((await service.rejected()).map(({ reason }) => reason)).toEqual([]);
    },
    timeout,
  );

  it(
    'a message of a kind that only the later one knows comes back until there is one that reads it',
    async () => {
      const queue = service.queues.getQueueClient('reconcile-repository');
      const message = { registry: service.registry.loginServer, repository: 'found/app', source: 'later' };
      await queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
      await present.logged('The message is not a comparison');
      expect((await queue.getProperties()).approximateMessagesCount).toBeGreaterThan(0);
      expect(await service.rejected()).toEqual([]);
    },
    timeout,
  );
});
