import * as z from 'zod/mini';
import { setAttributes } from '../../test/component/acr/image.ts';
import type { TestRegistry } from '../../test/component/acr/test-registry.ts';
import { below, oneOf } from './plan.ts';
import type { ServiceCalls } from './service-calls.ts';
import { submittedSource } from './setting.ts';
import type { Traffic } from './traffic.ts';

/** What else goes on beside pushes: approvals and those who attack them, workloads, readers. */
export interface Company {
  approve(): Promise<void>;
  attack(): Promise<void>;
  submit(): Promise<void>;
  read(): Promise<void>;
  readonly counts: ReadonlyMap<string, number>;
}

interface Approved {
  readonly id: string;
  readonly repository: string;
  readonly digest: string;
}

export interface CompanyOptions {
  readonly registry: TestRegistry;
  readonly traffic: Traffic;
  readonly service: ServiceCalls;
  readonly random: () => number;
  /** Milliseconds after which a push is known to the service: its event comes late. */
  readonly knownAfterMs: number;
}

const approval = z.object({ id: z.string() });
/** Above it, the oldest approval is ended for each that is made. */
const mostApprovals = 40;
/** What is approved, and what runs, is of a part of the repositories, as in an estate. */
const approvedShare = 0.1;
const usedShare = 0.2;
const workloads = 60;
/** How many of them run something else from one snapshot to the next. */
const deployed = 6;
const unlocked = { deleteEnabled: true, writeEnabled: true };

/** Everything by itself may fail as the service or the registry answers; what they answered is counted. */
export function companyOf({ registry, traffic, service, random, knownAfterMs }: CompanyOptions): Company {
  const approved: Approved[] = [];
  const running: ReturnType<Traffic['anImage']>[] = [];
  const counts = new Map<string, number>();
  const note = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);

  async function release(): Promise<void> {
    const oldest = approved.shift();
    if (oldest === undefined) return;
    const { status } = await service.send('POST', `api/v1/approvals/${oldest.id}/release`, {
      reason: 'a newer one is out',
    });
    note(`approval ended ${status}`);
  }

  return {
    counts,
    async approve() {
      const image = traffic.anImage(knownAfterMs, approvedShare);
      if (image === undefined) return;
      const { repository, digest, tag } = image;
      const environment = tag !== undefined && random() < 0.3 ? 'production' : 'staging';
      const named = environment === 'production' && tag !== undefined ? `:${tag}` : '';
      const answered = await service.send('POST', 'api/v1/approvals', {
        image: `${registry.loginServer}/${repository}${named}@${digest}`,
        environment,
        reason: 'soak',
      });
      note(`approval asked ${answered.status}`);
      const read = approval.safeParse(answered.body);
      if (read.success && answered.status < 300) approved.push({ id: read.data.id, repository, digest });
      if (approved.length > mostApprovals) await release();
    },
    async attack() {
      const target = oneOf(approved, random);
      if (target === undefined) return;
      const { repository, digest } = target;
      await traffic.alone(repository, async () => {
        const chance = random();
        if (chance < 0.5) {
          note(`delete of an approved digest ${await traffic.remove(repository, digest)}`);
          return;
        }
        const path = `${repository}/_manifests/${digest}`;
        note(`unlock of an approved digest ${(await setAttributes(registry, path, unlocked)).status}`);
        if (chance < 0.9) return;
        note(`unlock and delete of an approved digest ${await traffic.remove(repository, digest)}`);
      });
    },
    async submit() {
      const first = running.length === 0;
      for (let count = 0; count < (first ? workloads : deployed); count += 1) {
        running[first ? count : below(workloads, random)] = traffic.anImage(0, usedShare);
      }
      const references = running.flatMap((image, number) => {
        if (image === undefined) return [];
        const reference = `${registry.loginServer}/${image.repository}@${image.digest}`;
        return [{ image: reference, workload: `web-${number}`, state: 'running' }];
      });
      const path = `api/v1/inventory/${submittedSource}`;
      const { status } = await service.send('PUT', path, { complete: true, references });
      note(`inventory submitted ${status}`);
    },
    async read() {
      const { repository = '', digest = '', tag = 'latest' } = traffic.anImage(0) ?? {};
      const image = (suffix: string) => encodeURIComponent(`${registry.loginServer}/${repository}${suffix}`);
      const questions = [
        `api/v1/history?image=${image('')}&limit=100`,
        `api/v1/history?image=${image(`:${tag}`)}`,
        `api/v1/resolve?image=${image(`:${tag}`)}`,
        `api/v1/digests?image=${image(`@${digest}`)}`,
        'api/v1/findings?limit=50',
        'api/v1/status',
        'dashboard',
        `dashboard/repository?image=${image('')}`,
        'dashboard/findings',
      ];
      const { status } = await service.get(questions[below(questions.length, random)] ?? '');
      note(`read ${status}`);
    },
  };
}
