import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { azureInventory } from '../../../src/inventory/azure-inventory.ts';
import { lines, optionsFor, subscription, toldLog, withArm } from './azure-fixture.ts';

const web = { name: 'web', image: 'contoso.azurecr.io/team/web:2.0' };
const app = (name: string) =>
  ({ name, containers: [web], revisions: [{ name: `${name}--1`, active: true, replicas: 1 }] }) as const;
const graphPath = '/providers/Microsoft.ResourceGraph/resources';

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

  it('when pages overlap, what both of them tell is claimed once', () =>
    withArm(async (arm, source) => {
      arm.addContainerApp(app('shop'));
      const id = `/subscriptions/${subscription}/resourceGroups/production/providers/Microsoft.App/containerApps/shop`;
      const nextLink = `${arm.endpoint}${id}/revisions?api-version=2026-01-01&again=true`;
      const value = [
        { name: 'shop--1', properties: { active: true, replicas: 1, template: { containers: [web, web] } } },
      ];
      arm.fail({ path: '/revisions', answer: { body: JSON.stringify({ value, nextLink }) }, times: 1 });
      expect(lines((await source.read()).claims)).toEqual([
        `running ContainerApp:shop:web shop--1 ${web.image} -`,
      ]);
    }));

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
            // The template of the app, and of every revision something.
            expect(claims.length + problems.length).toBeGreaterThanOrEqual(value.length === 0 ? 1 : 2);
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
