import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { ArmFault } from '../../../local/azure/arm-faults.ts';
import type { GraphFaults } from '../../../local/azure/resource-graph.ts';
import { azureInventory } from '../../../src/inventory/azure-inventory.ts';
import { lines, optionsFor, otherSubscription, subscription, toldLog, withArm } from './azure-fixture.ts';

const web = { name: 'web', image: 'contoso.azurecr.io/team/web:2.0' };
const app = (name: string) =>
  ({ name, containers: [web], revisions: [{ name: `${name}--1`, active: true, replicas: 1 }] }) as const;
const graphPath = '/providers/Microsoft.ResourceGraph/resources';

describe('the contract of a source', () => {
  it('when all of it could be read, there is no problem', () =>
    withArm(async (arm, source) => {
      arm.addContainerApp(app('shop'));
      expect(await source.read()).toMatchObject({ claims: [{ image: web.image }], problems: [] });
    }));

  it('when there is nothing, there is no problem either', () =>
    withArm(async (_, source) => {
      expect(await source.read()).toEqual({ claims: [], problems: [] });
    }));

  it('when it is read twice, it is looked at twice', () =>
    withArm(async (arm, source) => {
      arm.addContainerApp(app('shop'));
      await source.read();
      arm.addContainerApp(app('orders'));
      expect((await source.read()).claims).toHaveLength(2);
    }));

  it('when nobody answers, that is a problem and no fault', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await new Promise((resolve) => server.close(resolve));
    const source = azureInventory(await optionsFor({ endpoint: `http://127.0.0.1:${port}` }));
    expect(await source.read()).toEqual({
      claims: [],
      problems: [
        {
          where: `subscription ${subscription}`,
          problem: `GET /subscriptions/${subscription} could not be sent (ECONNREFUSED)`,
        },
      ],
    });
  });

  it('when no token can be got, that is a problem and no fault', () =>
    withArm(
      async (arm, source) => {
        const { claims, problems } = await source.read();
        expect(claims).toEqual([]);
        expect(problems).toEqual([
          {
            where: `subscription ${subscription}`,
            problem: expect.stringContaining('no Microsoft Entra token could be got'),
          },
        ]);
        expect(arm.requests).toEqual([]);
      },
      { credential: { getToken: () => Promise.reject(new Error('no identity')) } },
    ));

  it('when it is aborted before, it throws the reason and asks nothing', () =>
    withArm(async (arm, source) => {
      const reason = new Error('stopped');
      await expect(source.read(AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(arm.requests).toEqual([]);
    }));

  it.each([`/subscriptions/${subscription}`, graphPath, '/revisions'])(
    'when it is aborted while %s does not answer, it throws the reason',
    (path) =>
      withArm(async (arm, source) => {
        arm.addContainerApp(app('shop'));
        arm.fail({ path, answer: 'silence' });
        const controller = new AbortController();
        const reason = new Error('stopped');
        const reading = source.read(controller.signal);
        const told = expect(reading).rejects.toBe(reason);
        while (!arm.requests.some((request) => request.path.includes(path))) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        controller.abort(reason);
        await told;
      }),
  );

  it('when it is aborted while it waits to ask again, it throws the reason', () =>
    withArm(
      async (arm, source) => {
        arm.fail({ path: graphPath, answer: { status: 503, retryAfter: '20' } });
        const controller = new AbortController();
        const told = expect(source.read(controller.signal)).rejects.toThrow('stopped');
        while (!arm.requests.some(({ path }) => path.startsWith(graphPath))) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        controller.abort(new Error('stopped'));
        await told;
      },
      { retry: { maxWaitMs: 60_000 } },
    ));
});

describe('a part that is refused', () => {
  it.each([401, 403, 404, 500])('when the revisions of one app answer %i, the rest is read', (status) =>
    withArm(async (arm, source) => {
      arm.addContainerApp(app('orders'));
      arm.addContainerApp(app('shop'));
      arm.fail({ path: '/containerApps/shop/revisions', answer: { status, code: 'AuthorizationFailed' } });
      const { claims, problems } = await source.read();
      expect(lines(claims)).toEqual([
        // The template of the app is known all the same.
        `desired ContainerApp:shop:web shop--1 ${web.image} -`,
        `running ContainerApp:orders:web orders--1 ${web.image} -`,
      ]);
      const path = `/subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.App/containerApps/shop/revisions`;
      expect(problems).toEqual([
        {
          where: `ContainerApp ${subscription}/production/shop`,
          problem: `GET ${path} was answered ${status} AuthorizationFailed`,
        },
      ]);
    }),
  );

  it('when one subscription may not be read, that is told and the others are read', () =>
    withArm(
      async (arm, source) => {
        arm.addSubscription(otherSubscription, { isRefused: true });
        arm.addContainerApp(app('shop'));
        arm.addContainerApp({ ...app('hidden'), subscription: otherSubscription });
        const { claims, problems } = await source.read();
        expect(claims.map(({ workload }) => workload.name)).toEqual(['shop']);
        expect(problems).toEqual([
          {
            where: `subscription ${otherSubscription}`,
            problem: `GET /subscriptions/${otherSubscription} was answered 403 AuthorizationFailed`,
          },
        ]);
      },
      { subscriptions: [subscription, otherSubscription] },
    ));

  it('when a subscription does not exist, or is named wrongly, that is told', () =>
    withArm(
      async (arm, source) => {
        const { problems } = await source.read();
        expect(problems.map(({ where }) => where)).toEqual([
          'subscription "production/../x"',
          'management group "a/b"',
          'management group "unknown"',
          `subscription ${otherSubscription}`,
        ]);
        expect(arm.requests.some(({ path }) => path.includes('..'))).toBe(false);
      },
      { subscriptions: ['production/../x', otherSubscription], managementGroups: ['a/b', 'unknown'] },
    ));

  it('when an app was deleted after Resource Graph looked, nothing of it is claimed', () =>
    withArm(async (arm, source) => {
      arm.remove(arm.addContainerApp(app('shop')));
      arm.remove(arm.addJob({ name: 'report', containers: [web] }));
      arm.remove(arm.addSite({ name: 'site', linuxFxVersion: 'sitecontainers', siteContainers: [web] }));
      expect(await source.read()).toEqual({ claims: [], problems: [] });
    }));

  it('when a 404 comes from elsewhere, an app is not taken for deleted', () =>
    withArm(async (arm, source) => {
      arm.addContainerApp(app('shop'));
      arm.fail({ path: '/shop/revisions', answer: { status: 404, code: 'NoRoute' } });
      arm.fail({ path: '/shop', answer: { status: 404, code: 'NoRoute' } });
      const { claims, problems } = await source.read();
      expect(lines(claims)).toEqual([`desired ContainerApp:shop:web shop--1 ${web.image} -`]);
      expect(problems).toHaveLength(1);
    }));

  it('when hundreds of apps are refused, problems are counted rather than listed', () =>
    withArm(async (arm, source) => {
      for (let index = 0; index < 230; index += 1) arm.addContainerApp(app(`app-${index}`));
      for (let index = 0; index < 230; index += 1) {
        arm.fail({ path: `/app-${index}/revisions`, answer: { status: 403 } });
      }
      const { claims, problems } = await source.read();
      expect(claims).toHaveLength(230);
      expect(problems).toHaveLength(201);
      expect(problems.at(-1)).toEqual({ where: 'Azure', problem: 'has 30 more problems of this kind' });
    }));
});

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

  it('when it refuses, it is not asked again', () =>
    withArm(async (arm, source) => {
      arm.fail({ path: graphPath, answer: { status: 403 } });
      await source.read();
      expect(arm.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    }));
});

describe('hostile answers', () => {
  it.each([
    ['an id that climbs', { id: `/subscriptions/${subscription}/resourceGroups/../../x/providers/a/b/c` }],
    [
      'an id with a query',
      { id: `/subscriptions/${subscription}/resourceGroups/a/providers/Microsoft.App/jobs/x?y=z` },
    ],
    [
      'an id that is encoded',
      { id: `/subscriptions/${subscription}/resourceGroups/a/providers/Microsoft.App/jobs/%2e%2e` },
    ],
    ['no id', { id: undefined }],
    ['a type that was not asked for', { type: 'microsoft.compute/virtualmachines' }],
    ['a number for an image', { image: 7 }],
    ['no count', { partCount: undefined }],
    ['more containers than the query reads', { partCount: 1_000 }],
    ['a container without an image', { container: 'web', image: '' }],
  ])('when a row has %s, that is a problem', (_, wrong) =>
    withArm(async (arm, source) => {
      const row = {
        id: `/subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.App/sessionPools/pool`,
        type: 'microsoft.app/sessionpools',
        kind: '',
        name: 'pool',
        subscriptionId: subscription,
        resourceGroup: 'production',
        tags: null,
        state: '',
        revision: '',
        partCount: 1,
        container: 'web',
        image: web.image,
        fx: '',
        ...wrong,
      };
      const body = JSON.stringify({ totalRecords: 1, resultTruncated: 'false', data: [row] });
      arm.fail({ path: graphPath, answer: { body } });
      const { problems } = await source.read();
      expect(problems).toHaveLength(1);
      expect(arm.requests).toHaveLength(2);
    }),
  );

  it('when revisions are anything at all, reading ends with what can be told', async () => {
    await withArm(async (arm, source) => {
      arm.addContainerApp(app('shop'));
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              fc.jsonValue(),
              fc.record({
                name: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
                properties: fc.record(
                  {
                    active: fc.jsonValue(),
                    createdTime: fc.jsonValue(),
                    replicas: fc.jsonValue(),
                    template: fc.oneof(
                      fc.jsonValue(),
                      fc.record({
                        containers: fc.array(fc.record({ name: fc.jsonValue(), image: fc.jsonValue() })),
                      }),
                    ),
                  },
                  { requiredKeys: [] },
                ),
              }),
            ),
          ),
          async (value) => {
            arm.fail({ path: '/revisions', answer: { body: JSON.stringify({ value }) }, times: 1 });
            const { claims, problems } = await source.read();
            for (const { image } of claims) expect(typeof image).toBe('string');
            const told = claims.filter(({ state }) => state !== 'desired').length + problems.length;
            expect(value.length === 0 || told > 0 || claims.length > 0).toBe(true);
            for (const { where, problem } of problems) expect(where + problem).not.toMatch(/\p{Cc}/u);
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  it('when the reader of Compose files fails, the site is a problem and the rest is read', () => {
    const { log, lines: told } = toldLog();
    return withArm(
      async (arm, source) => {
        arm.addContainerApp(app('shop'));
        arm.addSite({ name: 'site', linuxFxVersion: `COMPOSE|${Buffer.from('x').toString('base64')}` });
        const { claims, problems } = await source.read();
        expect(claims).toHaveLength(1);
        expect(problems).toEqual([
          { where: `WebApp ${subscription}/production/site`, problem: 'could not be read' },
        ]);
        expect(told).toContain('reading Azure failed');
      },
      {
        log,
        readCompose: () => {
          throw new RangeError('too deep');
        },
      },
    );
  });

  it.each([
    'http://management.azure.com',
    'https://management.azure.com/path',
    'https://user@management.azure.com',
    'ftp://127.0.0.1',
    'management.azure.com',
  ])('when the endpoint is %s, no source is made', async (armEndpoint) => {
    const options = await optionsFor({ endpoint: armEndpoint });
    expect(() => azureInventory(options)).toThrow(TypeError);
  });
});
