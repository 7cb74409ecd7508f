import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openJournal } from '../../local/acr/journal.ts';
import { witnessFile } from '../../src/storage/witness-file.ts';
import { deliverTo, type FaultedService, faultedService, runNow } from '../builders/faulted-service.ts';
import { accessTo, gathered } from '../builders/registry-access.ts';
import { imagePushed } from '../builders/registry-event.ts';
import { chanceOf } from '../builders/restless-table.ts';
import { type SmallDisk, smallDisk } from '../builders/small-disk.ts';
import { prepareImage, pushImage, putManifest } from '../component/acr/image.ts';
import { openTestRegistry } from '../component/acr/test-registry.ts';
import { eventually, type HostProcess } from '../component/host/host-process.ts';

const seed = Number(process.env['DISK_SEED'] ?? 20_261_121);
const rounds = Number(process.env['DISK_ROUNDS'] ?? 6);
const chance = chanceOf(seed);
const timeout = 180_000;
const repository = 'team/app';
const probe = smallDisk(1);
probe?.remove();
/** Only root may mount a disk that is small; elsewhere this says that it is skipped. */
const describeWhereDisksFill = probe === undefined ? describe.skip : describe;

describeWhereDisksFill(`when the disk of the registry stand-in is full (DISK_SEED=${seed})`, () => {
  let disk: SmallDisk;
  beforeAll(() => {
    const made = smallDisk(8);
    if (made === undefined) throw new Error('no disk');
    disk = made;
  });
  afterAll(() => disk?.remove());

  it(
    'what it cannot keep is refused with 5xx, what it acknowledged is there after a restart, and it goes on with room',
    async () => {
      let registry = await openTestRegistry({}, disk.path);
      const kept = new Map<string, string>();
      let refused = 0;
      for (let round = 0; round < rounds; round += 1) {
        const images = [];
        for (let number = 0; number < 3; number += 1) {
          images.push(await prepareImage(registry, repository, { content: `${round} ${number}` }));
        }
        // Room for a part of a line of its journal, at a place that chance decides.
        disk.fill(chance(900));
        for (const [number, image] of images.entries()) {
          const tag = `v${round}-${number}`;
          const { status } = await putManifest(registry, repository, tag, image);
          if (status === 201) kept.set(tag, image.descriptor.digest);
          else {
            refused += 1;
            expect(status).toBeGreaterThanOrEqual(500);
          }
        }
        disk.free();
        kept.set(
          `after-${round}`,
          await pushImage(registry, repository, `after-${round}`, { content: `a ${round}` }),
        );
        if (chance(1) === 0) registry = await registry.restart();
        const tags = await gathered(accessTo(registry).content.tags(repository));
        expect(new Map(tags.map(({ tag, digest }) => [tag, String(digest)]))).toEqual(
          new Map([...kept].sort()),
        );
      }
      expect(refused).toBeGreaterThan(0);
      registry = await registry.restart();
      const tags = await gathered(accessTo(registry).content.tags(repository));
      expect(tags).toHaveLength(kept.size);
      await registry.dispose();
    },
    timeout,
  );
});

describeWhereDisksFill('when the folder of a witness is on a disk that is full', () => {
  it('it says so, keeps what it had, and takes the checkpoint with room', async () => {
    const disk = smallDisk(1);
    if (disk === undefined) throw new Error('no disk');
    try {
      const folder = join(disk.path, 'witness');
      mkdirSync(folder);
      const witness = witnessFile('folder', folder);
      const registry = 'contoso.azurecr.io';
      const note = (size: number) =>
        `acr-audit/${registry}\n${size}\n${'A'.repeat(43)}=\n\n— x ${'B'.repeat(4_000)}\n`;
      await witness.publish(registry, 1, note(1));
      disk.fill();
      await expect(witness.publish(registry, 2, note(2))).rejects.toThrow();
      disk.free();
      await witness.publish(registry, 1, note(1));
      await witness.publish(registry, 2, note(2));
    } finally {
      disk.remove();
    }
  });
});

describeWhereDisksFill('when the disk of Azurite, the ledger’s key and the host is full', () => {
  let disk: SmallDisk;
  let service: FaultedService;
  let host: HostProcess;
  beforeAll(async () => {
    const made = smallDisk(96);
    if (made === undefined) throw new Error('no disk');
    disk = made;
    service = await faultedService({ below: disk.path });
    host = await service.start();
  }, timeout);
  afterAll(async () => {
    await service?.stop().catch(() => undefined);
    disk?.remove();
  }, timeout);

  it(
    'what is acknowledged is recorded and sealed once there is room',
    async () => {
      const acknowledged: string[] = [];
      const deliver = async (id: string) => {
        const event = imagePushed({ resourceId: service.registry.resourceId, id, tag: id });
        if ((await deliverTo(host, event)) === 202) acknowledged.push(id);
      };
      await deliver('before');
      expect(await runNow(host, 'sealLedger')).toBe('succeeded');
      disk.fill();
      for (let number = 0; number < 10; number += 1) await deliver(`full-${number}`);
      await runNow(host, 'sealLedger');
      disk.free();
      await deliver('after');
      expect(acknowledged).toContain('after');
      await eventually(async () => ((await runNow(host, 'sealLedger')) === 'succeeded' ? true : undefined));
      const announced = await service.expectHistories();
      expect(announced.map(({ fact }) => fact.eventId)).toEqual(expect.arrayContaining(acknowledged));
      await service.expectSealed();
    },
    timeout,
  );
});

describeWhereDisksFill('when the disk is full amid a line of the registry’s journal', () => {
  it('the line is not there, what follows is whole, and the journal is read to its end', () => {
    const disk = smallDisk(1);
    if (disk === undefined) throw new Error('no disk');
    try {
      const file = join(disk.path, 'journal.jsonl');
      const line = (tag: string) => [
        {
          op: 'repository' as const,
          name: tag.padEnd(100 + chance(20), '-'),
          createdTime: '2026-05-02T14:00:00Z',
          lastUpdateTime: '2026-05-02T14:00:00Z',
          changeableAttributes: {
            deleteEnabled: true,
            writeEnabled: true,
            readEnabled: true,
            listEnabled: true,
          },
        },
      ];
      const journal = openJournal(file, () => undefined);
      const kept: string[] = [];
      journal.append(line('first'));
      disk.fill();
      let isFull = false;
      for (let number = 0; number < 100 && !isFull; number += 1) {
        try {
          journal.append(line(`full-${number}`));
        } catch (error) {
          expect(String(error)).toContain('ENOSPC');
          isFull = true;
        }
      }
      expect(isFull).toBe(true);
      disk.free();
      journal.append(line('after'));
      journal.close();
      openJournal(file, (changes) => kept.push(JSON.stringify(changes))).close();
      expect(kept.at(0)).toContain('first');
      expect(kept.at(-1)).toContain('after');
    } finally {
      disk.remove();
    }
  });
});
