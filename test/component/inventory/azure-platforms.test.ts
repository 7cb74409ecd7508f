import { describe, expect, it } from '@jest/globals';
import { lines, otherSubscription, subscription, withArm } from './azure-fixture.ts';

const web = { name: 'web', image: 'contoso.azurecr.io/team/web:2.0' };
const init = { name: 'migrate', image: 'contoso.azurecr.io/team/migrate:2.0' };

describe('container apps', () => {
  it('when an app has revisions, those that run, that could start and that are kept are told apart', () =>
    withArm(async (arm, source) => {
      const old = { name: 'web', image: 'contoso.azurecr.io/team/web:1.0' };
      arm.addContainerApp({
        name: 'shop',
        containers: [web],
        initContainers: [init],
        tags: { Owner: 'team-shop', environment: 'production' },
        revisions: [
          {
            name: 'shop--1',
            active: false,
            replicas: 0,
            containers: [old],
            createdTime: '2026-01-01T10:00:00+00:00',
          },
          { name: 'shop--2', active: true, trafficWeight: 0, replicas: 0, containers: [old] },
          {
            name: 'shop--3',
            active: true,
            trafficWeight: 100,
            replicas: 2,
            initContainers: [init],
            createdTime: '2026-03-01T10:00:00+00:00',
          },
        ],
      });
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual([
        'desired ContainerApp:shop:web shop--2 contoso.azurecr.io/team/web:1.0 -',
        'rollback ContainerApp:shop:web shop--1 contoso.azurecr.io/team/web:1.0 2026-01-01T10:00:00.000Z',
        'running ContainerApp:shop:migrate shop--3 contoso.azurecr.io/team/migrate:2.0 2026-03-01T10:00:00.000Z',
        'running ContainerApp:shop:web shop--3 contoso.azurecr.io/team/web:2.0 2026-03-01T10:00:00.000Z',
      ]);
      for (const { workload, pulled } of claims) {
        expect(workload).toMatchObject({
          namespace: `${subscription}/production`,
          owner: 'team-shop',
          environment: 'production',
        });
        expect(pulled).toBeUndefined();
      }
    }));

  it('when an app is scaled to zero, what it would start and what it can go back to count as in use (F19)', () =>
    withArm(async (arm, source) => {
      arm.addContainerApp({
        name: 'nightly',
        containers: [web],
        revisions: [
          {
            name: 'nightly--1',
            active: false,
            replicas: 0,
            trafficWeight: 0,
            containers: [{ name: 'web', image: 'contoso.azurecr.io/team/web:stable' }],
            createdTime: '2026-01-01T00:00:00Z',
          },
          {
            name: 'nightly--2',
            active: true,
            replicas: 0,
            trafficWeight: 100,
            createdTime: '2026-02-01T00:00:00Z',
          },
        ],
      });
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual([
        'desired ContainerApp:nightly:web nightly--2 contoso.azurecr.io/team/web:2.0 2026-02-01T00:00:00.000Z',
        'rollback ContainerApp:nightly:web nightly--1 contoso.azurecr.io/team/web:stable 2026-01-01T00:00:00.000Z',
      ]);
    }));

  it.each([
    [{ active: true, trafficWeight: 100 }, 'running'],
    [{ active: true, replicas: 1 }, 'running'],
    [{ active: true, trafficWeight: 100, replicas: 0 }, 'desired'],
    [{ active: true }, 'desired'],
    [{ trafficWeight: 100 }, 'running'],
    [{}, 'desired'],
    [{ active: false, replicas: 1 }, 'rollback'],
  ])('when a revision says %j, it is %s', (revision, state) =>
    withArm(async (arm, source) => {
      arm.addContainerApp({ name: 'shop', containers: [web], revisions: [{ name: 'shop--1', ...revision }] });
      const { claims } = await source.read();
      expect(claims.find(({ since, revision }) => since === undefined && revision === 'shop--1')?.state).toBe(
        state,
      );
    }),
  );

  it('when a stopped app serves traffic with replicas nobody knows, it does not run', () =>
    withArm(async (arm, source) => {
      arm.addContainerApp({
        name: 'shop',
        containers: [web],
        runningStatus: 'Stopped',
        revisions: [{ name: 'shop--1', active: true, trafficWeight: 100 }],
      });
      const { claims } = await source.read();
      expect(lines(claims)).toEqual([
        'desired ContainerApp:shop:web shop--1 contoso.azurecr.io/team/web:2.0 -',
      ]);
    }));

  it('when no active revision has the template of an app, the template is a claim of its own', () =>
    withArm(async (arm, source) => {
      arm.addContainerApp({
        name: 'shop',
        containers: [web],
        revisions: [
          { name: 'shop--1', active: false, containers: [web], createdTime: '2026-01-01T00:00:00Z' },
        ],
      });
      const { claims } = await source.read();
      expect(lines(claims)).toEqual([
        'desired ContainerApp:shop:web shop--1 contoso.azurecr.io/team/web:2.0 -',
        'rollback ContainerApp:shop:web shop--1 contoso.azurecr.io/team/web:2.0 2026-01-01T00:00:00.000Z',
      ]);
    }));
});

describe('jobs and session pools', () => {
  it('when a job has executions under way, they run what they were started with', () =>
    withArm(async (arm, source) => {
      const before = { name: 'web', image: 'contoso.azurecr.io/team/web:1.0' };
      arm.addJob({
        name: 'report',
        containers: [web],
        initContainers: [init],
        executions: [
          { name: 'report-1', status: 'Succeeded', containers: [before] },
          { name: 'report-2', status: 'Failed', containers: [before] },
          { name: 'report-3', status: 'Stopped', containers: [before] },
          { name: 'report-4', status: 'Running', containers: [before], startTime: '2026-03-01T10:00:00Z' },
          { name: 'report-5', status: 'Processing', startTime: '2026-03-01T11:00:00Z' },
          { name: 'report-6', status: 'Degraded' },
        ],
      });
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual([
        'desired ContainerAppsJob:report:migrate - contoso.azurecr.io/team/migrate:2.0 -',
        'desired ContainerAppsJob:report:web - contoso.azurecr.io/team/web:2.0 -',
        'running ContainerAppsJob:report:web report-4 contoso.azurecr.io/team/web:1.0 2026-03-01T10:00:00.000Z',
        'running ContainerAppsJob:report:web report-5 contoso.azurecr.io/team/web:2.0 2026-03-01T11:00:00.000Z',
        'running ContainerAppsJob:report:web report-6 contoso.azurecr.io/team/web:2.0 -',
      ]);
    }));

  it('when a session pool has containers of its own, it would start them', () =>
    withArm(async (arm, source) => {
      arm.addSessionPool({ name: 'agents', containers: [web] });
      arm.addSessionPool({ name: 'python' });
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual(['desired SessionPool:agents:web - contoso.azurecr.io/team/web:2.0 -']);
    }));
});

describe('container groups', () => {
  it.each([
    ['Running', 'running'],
    ['Stopped', 'desired'],
    ['Succeeded', 'desired'],
    [undefined, 'desired'],
  ])('when a group is %s, its claim is %s', (state, expected) =>
    withArm(async (arm, source) => {
      arm.addContainerGroup({
        name: 'batch',
        containers: [web],
        initContainers: [init],
        ...(state === undefined ? {} : { state }),
      });
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual([
        `${expected} ContainerGroup:batch:migrate - contoso.azurecr.io/team/migrate:2.0 -`,
        `${expected} ContainerGroup:batch:web - contoso.azurecr.io/team/web:2.0 -`,
      ]);
    }),
  );

  it('when a profile names an image, groups could be made of it', () =>
    withArm(async (arm, source) => {
      arm.addContainerGroup({ name: 'batch', containers: [web], isProfile: true });
      expect(lines((await source.read()).claims)).toEqual([
        'desired ContainerGroupProfile:batch:web - contoso.azurecr.io/team/web:2.0 -',
      ]);
    }));
});

describe('sites', () => {
  const compose = (text: string) => `COMPOSE|${Buffer.from(text).toString('base64')}`;

  it('when sites and slots run a container, its image is claimed', () =>
    withArm(async (arm, source) => {
      arm.addSite({ name: 'shop', linuxFxVersion: `DOCKER|${web.image}` });
      arm.addSite({ name: 'shop', slot: 'staging', linuxFxVersion: `DOCKER|${web.image}`, state: 'Stopped' });
      arm.addSite({ name: 'legacy', kind: 'app,container,windows', windowsFxVersion: `docker|${web.image}` });
      arm.addSite({
        name: 'orders',
        kind: 'functionapp,linux,container',
        linuxFxVersion: `DOCKER|${web.image}`,
      });
      arm.addSite({ name: 'node', kind: 'app,linux', linuxFxVersion: 'NODE|22-lts' });
      arm.addSite({ name: 'plain', kind: 'app' });
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual([
        'desired WebApp:shop/staging - contoso.azurecr.io/team/web:2.0 -',
        'running FunctionApp:orders - contoso.azurecr.io/team/web:2.0 -',
        'running WebApp:legacy - contoso.azurecr.io/team/web:2.0 -',
        'running WebApp:shop - contoso.azurecr.io/team/web:2.0 -',
      ]);
    }));

  it('when a site runs a Compose file, its services claim their images, and what cannot be read is a problem', () =>
    withArm(async (arm, source) => {
      arm.addSite({
        name: 'shop',
        linuxFxVersion: compose('web=contoso.azurecr.io/team/web:2.0\ncache=redis:7\nbroken'),
      });
      arm.addSite({ name: 'garbled', linuxFxVersion: 'COMPOSE|***' });
      const { claims, problems } = await source.read();
      expect(lines(claims)).toEqual([
        'running WebApp:shop:cache - redis:7 -',
        'running WebApp:shop:web - contoso.azurecr.io/team/web:2.0 -',
      ]);
      expect(problems).toEqual([
        {
          where: `WebApp ${subscription}/production/garbled`,
          problem: 'has a Compose file that is not base64',
        },
        {
          where: `WebApp ${subscription}/production/shop`,
          problem: 'has a Compose file: no image in broken',
        },
      ]);
    }));

  it('when a site has sidecars, each claims its image', () =>
    withArm(async (arm, source) => {
      arm.addSite({
        name: 'shop',
        slot: 'staging',
        linuxFxVersion: 'sitecontainers',
        siteContainers: [
          { ...web, isMain: true },
          { name: 'proxy', image: 'contoso.azurecr.io/team/proxy:1' },
        ],
      });
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual([
        'running WebApp:shop/staging:proxy - contoso.azurecr.io/team/proxy:1 -',
        'running WebApp:shop/staging:web - contoso.azurecr.io/team/web:2.0 -',
      ]);
    }));

  it('when Resource Graph does not know how a site is configured, the site is asked', () =>
    withArm(async (arm, source) => {
      const image = `DOCKER|${web.image}`;
      arm.addSite({
        name: 'shop',
        slot: 'staging',
        kind: 'app,linux',
        linuxFxVersion: image,
        isConfigurationInGraph: false,
      });
      arm.addSite({
        name: 'node',
        kind: 'app,linux',
        linuxFxVersion: 'NODE|22-lts',
        isConfigurationInGraph: false,
      });
      const gone = arm.addSite({ name: 'gone', linuxFxVersion: image, isConfigurationInGraph: false });
      arm.remove(gone);
      const { claims, problems } = await source.read();
      expect(problems).toEqual([]);
      expect(lines(claims)).toEqual(['running WebApp:shop/staging - contoso.azurecr.io/team/web:2.0 -']);
    }));
});

describe('what is looked at', () => {
  it('when a management group is named, every subscription below it is read', () =>
    withArm(
      async (arm, source) => {
        arm.addManagementGroup('contoso', [subscription, otherSubscription]);
        arm.addSessionPool({ name: 'one', containers: [web] });
        arm.addSessionPool({
          name: 'two',
          containers: [web],
          subscription: otherSubscription,
          resourceGroup: 'Test',
        });
        const { claims, problems } = await source.read();
        expect(problems).toEqual([]);
        expect(claims.map(({ workload }) => workload.namespace).sort()).toEqual([
          `${subscription}/production`,
          `${otherSubscription}/test`,
        ]);
      },
      { managementGroups: ['contoso'], subscriptions: [] },
    ));

  it('when the owner is in another tag, it is read from there', () =>
    withArm(
      async (arm, source) => {
        arm.addSessionPool({
          name: 'one',
          containers: [web],
          tags: { owner: 'no', 'cost-center': 'team-shop' },
        });
        expect((await source.read()).claims[0]?.workload).toMatchObject({ owner: 'team-shop' });
      },
      { ownerTag: 'Cost-Center' },
    ));

  it('when pages are small, all of them are read', () =>
    withArm(
      async (arm, source) => {
        for (let index = 0; index < 5; index += 1) {
          arm.addContainerApp({
            name: `app-${index}`,
            containers: [web, init],
            revisions: Array.from({ length: 7 }, (_, revision) => ({
              name: `app-${index}--${revision}`,
              active: revision === 6,
              replicas: 1,
            })),
          });
        }
        const { claims, problems } = await source.read();
        expect(problems).toEqual([]);
        expect(new Set(lines(claims)).size).toBe(5 * 7 * 2);
        expect(claims).toHaveLength(5 * 7 * 2);
        expect(arm.requests.filter(({ method }) => method === 'POST')).toHaveLength(8);
      },
      { pageSize: 2 },
    ));

  it('when all of it is read, nothing but questions are asked', () =>
    withArm(
      async (arm, source) => {
        arm.addManagementGroup('contoso', [otherSubscription]);
        arm.addSubscription(otherSubscription);
        arm.addContainerApp({
          name: 'shop',
          containers: [web],
          revisions: [{ name: 'shop--1', active: true }],
        });
        arm.addJob({
          name: 'report',
          containers: [web],
          executions: [{ name: 'report-1', status: 'Running' }],
        });
        arm.addSite({ name: 'shop', linuxFxVersion: 'sitecontainers', siteContainers: [web] });
        arm.addSite({ name: 'other', isConfigurationInGraph: false });
        await source.read();
        const asked = arm.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
        expect(new Set(asked)).toEqual(
          new Set([
            'GET /providers/Microsoft.Management/managementGroups/contoso/descendants',
            `GET /subscriptions/${subscription}`,
            `GET /subscriptions/${otherSubscription}`,
            'POST /providers/Microsoft.ResourceGraph/resources',
            `GET /subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.App/containerApps/shop/revisions`,
            `GET /subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.App/jobs/report/executions`,
            `GET /subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.Web/sites/shop/sitecontainers`,
            `GET /subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.Web/sites/other/config/web`,
          ]),
        );
        for (const { authorization } of arm.requests) expect(authorization).toBe('Bearer any');
      },
      { managementGroups: ['contoso'] },
    ));
});
