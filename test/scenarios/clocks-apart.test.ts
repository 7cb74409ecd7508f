import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ArmStandIn } from '../../local/azure/arm-server.ts';
import type { RunningKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { usedRegistry } from '../builders/in-use-app.ts';
import { digestOf } from '../builders/registry-event.ts';
import { type SurveyedApp, surveyedApp } from '../builders/surveyed-app.ts';

const repository = 'team/app';
const image = `${usedRegistry}/${repository}:prod`;
const other = `${usedRegistry}/other/app:1.0`;
const minute = 60_000;
/** What the tag held before the workload began, then, and after it. */
const [older, pulled, newer] = [digestOf('older'), digestOf('pulled'), digestOf('newer')];

/** Platforms of which each clock says the same. */
interface Platforms {
  readonly cluster: RunningKubernetes;
  readonly arm: ArmStandIn;
  /** What their clock says now, as they write it. */
  readonly now: () => string;
}

let app: SurveyedApp;

beforeEach(() => {
  app = surveyedApp();
});
afterEach(() => app.close());

async function platforms(ahead: number): Promise<Platforms> {
  const [cluster, arm] = await Promise.all([app.cluster('aks-prod', { ahead }), app.azure('azure')]);
  await app.submitNothing('compose');
  return { cluster, arm, now: () => new Date(app.clock.time + ahead).toISOString() };
}

const metadata = { namespace: 'shop', name: 'web' };
const containers = [{ name: 'app', image }];

/** Workloads that begin, of which their platform knows the tag alone; and who tells of them later, where it is nobody's. */
const workloads: readonly (readonly [
  what: string,
  begin: (on: Platforms) => (() => Promise<void>) | undefined,
])[] = [
  [
    'a Deployment that is scaled to zero',
    ({ cluster }) => void cluster.deploy({ ...metadata, image, replicas: 0 }),
  ],
  [
    'a revision of a Deployment that can be gone back to',
    ({ cluster }) => {
      cluster.deploy({ ...metadata, image, replicas: 0 });
      cluster.deploy({ ...metadata, image: other, replicas: 0 });
      return undefined;
    },
  ],
  [
    'a pod of which nobody has told yet what was pulled',
    ({ cluster }) =>
      void cluster.put('pods', { metadata, spec: { containers }, status: { phase: 'Pending' } }),
  ],
  [
    'a CronJob',
    ({ cluster }) => {
      const jobTemplate = { spec: { template: { spec: { containers } } } };
      cluster.put('cronjobs', { metadata, spec: { schedule: '0 3 * * *', jobTemplate } });
      return undefined;
    },
  ],
  [
    'a revision of a container app',
    ({ arm, now }) => {
      const revision = { name: 'orders--1', active: true, replicas: 1, createdTime: now() };
      arm.addContainerApp({ name: 'orders', containers, revisions: [revision] });
      return undefined;
    },
  ],
  [
    'an execution of a job',
    ({ arm, now }) => {
      const executions = [{ name: 'report-1', status: 'Running', startTime: now(), containers }];
      arm.addJob({ name: 'report', containers: [{ name: 'app', image: other }], executions });
      return undefined;
    },
  ],
  [
    'a list that says since when',
    ({ now }) => {
      const since = now();
      return () => submitted(since);
    },
  ],
];

function submitted(since: string): Promise<void> {
  const text = JSON.stringify({ complete: true, references: [{ image, workload: 'web', since }] });
  return app.submit('compose', 'application/json', text, { format: 'references' });
}

/** Deletes all that the tag held, and tells of which of it a use was found. */
async function deleted() {
  const name = new Map([
    [older, 'older'],
    [pulled, 'pulled'],
    [newer, 'newer'],
  ]);
  for (const digest of name.keys()) await app.remove(repository, digest);
  await app.settle();
  return (await app.gone())
    .map(({ kind, subject: { digest }, detail }) => [kind, digest && name.get(digest), detail['certainty']])
    .sort();
}

const inferred = (name: string) => ['DeletedDigestInUse', name, 'inferred'];

describe.each([
  ['is ten minutes ahead of', 10],
  ['is ten minutes behind', -10],
  ['agrees with', 0],
])('when the clock of a platform %s that of the registry', (_, ahead) => {
  it.each(workloads)('%s may have pulled what the tag held when it began', async (__, begin) => {
    const on = await platforms(ahead * minute);
    await app.push('other/app', '1.0', digestOf('other'));
    await app.push(repository, 'prod', older);
    app.wait(60);
    await app.push(repository, 'prod', pulled);
    app.wait(60);
    const tell = begin(on);
    app.wait(5);
    await app.push(repository, 'prod', newer);
    app.wait(60);
    await app.survey();
    await tell?.();
    // What the tag no longer held an hour before it began, it cannot have pulled.
    expect(await deleted()).toEqual([inferred('newer'), inferred('pulled')]);
  });

  it('what the tag was moved to right before it began counts too, and what it held until then', async () => {
    const { cluster } = await platforms(ahead * minute);
    await app.push(repository, 'prod', older);
    app.wait(60);
    await app.push(repository, 'prod', pulled);
    app.wait(2);
    cluster.deploy({ ...metadata, image, replicas: 0 });
    app.wait(60);
    await app.survey();
    expect((await deleted()).filter(([kind]) => kind === 'DeletedDigestInUse')).toEqual([
      inferred('older'),
      inferred('pulled'),
    ]);
  });

  it('what the tag held is used also while the workload is new to everybody', async () => {
    const { cluster } = await platforms(ahead * minute);
    await app.push(repository, 'prod', older);
    app.wait(60);
    await app.push(repository, 'prod', pulled);
    app.wait(60);
    cluster.deploy({ ...metadata, image, replicas: 0 });
    // At once: by a clock that is ahead, the workload begins in the future.
    await app.survey();
    app.wait(5);
    await app.push(repository, 'prod', newer);
    await app.settle();
    await app.survey();
    expect(await deleted()).toEqual([inferred('newer'), inferred('pulled')]);
  });

  it('what a node says it pulled is used alone', async () => {
    const { cluster } = await platforms(ahead * minute);
    await app.push(repository, 'prod', pulled);
    app.wait(60);
    cluster.put('pods', {
      metadata,
      spec: { containers },
      status: {
        phase: 'Running',
        containerStatuses: [{ name: 'app', imageID: `${usedRegistry}/${repository}@${pulled}` }],
      },
    });
    app.wait(5);
    await app.push(repository, 'prod', newer);
    app.wait(60);
    await app.survey();
    expect(await deleted()).toEqual([['DeletedDigestInUse', 'pulled', 'exact']]);
  });
});

describe('when a list says that something began in ten minutes', () => {
  it('all that the tag may have been pulled as counts as used', async () => {
    await platforms(0);
    await app.push(repository, 'prod', pulled);
    app.wait(60);
    const since = new Date(app.clock.time + 10 * minute).toISOString();
    app.wait(1);
    await app.push(repository, 'prod', newer);
    await submitted(since);
    await app.survey();
    expect((await deleted()).filter(([kind]) => kind === 'DeletedDigestInUse')).toEqual([
      inferred('newer'),
      inferred('pulled'),
    ]);
  });
});
