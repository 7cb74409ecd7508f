import { describe, expect, it } from '@jest/globals';
import type { ArmFault } from '../../../local/azure/arm-faults.ts';
import type { GraphFaults } from '../../../local/azure/resource-graph.ts';
import { lines, subscription, withArm } from './azure-fixture.ts';

const web = { name: 'web', image: 'contoso.azurecr.io/team/web:2.0' };
const app = (name: string) =>
  ({ name, containers: [web], revisions: [{ name: `${name}--1`, active: true, replicas: 1 }] }) as const;
const graphPath = '/providers/Microsoft.ResourceGraph/resources';

describe('an answer that is not whole', () => {
  it.each<[string, Partial<GraphFaults>, string]>([
    ['truncates its answer', { truncated: true }, 'cut its answer off after 2 of 5 rows'],
    ['names the same page again', { repeatsPage: true }, 'answered the same page twice'],
    ['answers without rows', { withoutData: true }, 'answered without the rows asked for'],
    ['loses rows', { lostRows: 1 }, 'answered 4 rows and says that there are 5'],
  ])('when Resource Graph %s, that is a problem', (_, fault, problem) =>
    withArm(
      async (arm, source) => {
        for (let index = 0; index < 5; index += 1) arm.addSessionPool({ name: `pool-${index}` });
        Object.assign(arm.graph, fault);
        const { problems } = await source.read();
        expect(problems).toEqual([{ where: 'Resource Graph', problem }]);
      },
      { pageSize: 2 },
    ),
  );

  it.each<[string, ArmFault['answer']]>([
    ['breaks off', 'cut'],
    ['is no JSON', { body: '<html>' }],
    ['is no list', { body: '{"value":{}}' }],
    ['is null', { body: 'null' }],
    ['goes on nowhere', { body: '{"value":[],"nextLink":"/next"}' }],
    ['is too long', { body: `{"value":[${'"x",'.repeat(40_000)}"x"]}` }],
  ])('when a list %s, that is a problem', (_, answer) =>
    withArm(
      async (arm, source) => {
        arm.addContainerApp(app('shop'));
        arm.fail({ path: '/revisions', answer });
        const { claims, problems } = await source.read();
        expect(claims.map(({ state }) => state)).toEqual(['desired']);
        expect(problems).toMatchObject([{ where: `ContainerApp ${subscription}/production/shop` }]);
      },
      { maxBytes: 100_000 },
    ),
  );

  it('when a list goes on elsewhere, no token is sent there', () =>
    withArm((elsewhere) =>
      withArm(async (arm, source) => {
        arm.addContainerApp(app('shop'));
        const own = new URL(arm.endpoint).host;
        for (const nextLink of [
          `${elsewhere.endpoint}/next`,
          `http://name@${own}/next`,
          `http://${own}@${new URL(elsewhere.endpoint).host}/next`,
        ]) {
          arm.fail({
            path: '/revisions',
            answer: { body: JSON.stringify({ value: [], nextLink }) },
            times: 1,
          });
          const { problems } = await source.read();
          expect(problems[0]?.problem).toContain('names a next page elsewhere');
        }
        expect(elsewhere.requests).toEqual([]);
        expect(arm.requests.filter(({ path }) => path.startsWith('/next'))).toEqual([]);
      }),
    ));

  it('when an answer points elsewhere, no token is sent there', () =>
    withArm((elsewhere) =>
      withArm(async (arm, source) => {
        arm.fail({ path: graphPath, answer: { status: 307, location: `${elsewhere.endpoint}${graphPath}` } });
        expect((await source.read()).problems).toHaveLength(1);
        expect(elsewhere.requests).toEqual([]);
      }),
    ));

  it('when a list names itself as its next page, it is not followed for ever', () =>
    withArm(async (arm, source) => {
      const id = arm.addContainerApp(app('shop'));
      const nextLink = `${arm.endpoint}${id}/revisions?api-version=2026-01-01`;
      arm.fail({ path: '/revisions', answer: { body: JSON.stringify({ value: [], nextLink }) } });
      const { problems } = await source.read();
      expect(problems[0]?.problem).toContain('names a page before as its next');
    }));

  it('when an answer never comes, that is a problem', () =>
    withArm(
      async (arm, source) => {
        arm.addContainerApp(app('shop'));
        arm.fail({ path: '/revisions', answer: 'silence' });
        const { problems } = await source.read();
        expect(problems[0]?.problem).toContain('did not answer in time');
      },
      { timeoutMs: 200 },
    ));

  it('when a credential never answers, that is a problem', () =>
    withArm(
      async (_, source) => {
        const { problems } = await source.read();
        expect(problems[0]?.problem).toContain('did not answer in time');
      },
      { timeoutMs: 50, credential: { getToken: () => new Promise(() => undefined) } },
    ));
});

describe('a service that is busy', () => {
  it.each<[string, ArmFault['answer']]>([
    ['429 with a wait', { status: 429, retryAfter: '0' }],
    ['429 with the end of a wait', { status: 429, retryAfter: new Date(0).toUTCString() }],
    ['429 without one', { status: 429 }],
    ['503', { status: 503, retryAfter: '0' }],
    ['500', { status: 500 }],
    ['half an answer', 'cut'],
  ])('when it answers %s once, it is asked again', (_, answer) =>
    withArm(async (arm, source) => {
      arm.addContainerApp(app('shop'));
      for (const path of [`/subscriptions/${subscription}`, graphPath, '/revisions']) {
        arm.fail({ path, answer, times: 1 });
      }
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual([`running ContainerApp:shop:web shop--1 ${web.image} -`]);
      expect(arm.requests).toHaveLength(6);
    }),
  );

  it('when it stays busy, it is asked so often and no more', () =>
    withArm(async (arm, source) => {
      arm.fail({ path: graphPath, answer: { status: 429 } });
      expect((await source.read()).problems).toEqual([
        { where: 'Resource Graph', problem: `POST ${graphPath} was answered 429 Refused` },
      ]);
      expect(arm.requests.filter(({ method }) => method === 'POST')).toHaveLength(3);
    }));

  it('when it asks for a longer wait than is begun, it is not asked again', () =>
    withArm(async (arm, source) => {
      arm.fail({ path: graphPath, answer: { status: 429, retryAfter: '3600' } });
      expect((await source.read()).problems).toHaveLength(1);
      expect(arm.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    }));

  it('when it is down for many resources in a row, the rest is told without asking, and asked again later', () => {
    let now = 0;
    return withArm(
      async (arm, source) => {
        for (let index = 0; index < 40; index += 1) arm.addContainerApp(app(`app-${index}`));
        for (let index = 0; index < 40; index += 1) {
          arm.fail({ path: `/app-${index}/revisions`, answer: { status: 503 }, times: 1 });
        }
        const { claims, problems } = await source.read();
        expect(claims.map(({ state }) => state)).toEqual(Array.from({ length: 40 }, () => 'desired'));
        expect(problems).toHaveLength(40);
        expect(problems.filter(({ problem }) => problem.includes('was not asked'))).not.toHaveLength(0);
        // Those under way when the tenth failed were asked as well.
        expect(arm.requests.filter(({ path }) => path.includes('/revisions')).length).toBeLessThanOrEqual(13);

        now += 60_001;
        const later = await source.read();
        expect(later.claims).toHaveLength(40);
      },
      { now: () => now, retry: { attempts: 1 } },
    );
  });

  it('when it refuses, it is not asked again', () =>
    withArm(async (arm, source) => {
      arm.fail({ path: graphPath, answer: { status: 403 } });
      await source.read();
      expect(arm.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    }));
});
