import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { azureInventory } from '../../../src/inventory/azure-inventory.ts';
import { lines, optionsFor, otherSubscription, subscription, withArm } from './azure-fixture.ts';

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
