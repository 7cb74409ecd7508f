import { describe, expect, it } from '@jest/globals';
import type { ArmFault } from '../../../local/azure/arm-faults.ts';
import type { StandInTask } from '../../../local/azure/arm-resource.ts';
import { type ArmStandIn, startArm } from '../../../local/azure/arm-server.ts';
import type { RegistrySettingsReader } from '../../../src/audit/retention-ports.ts';
import { azureRegistrySettings } from '../../../src/inventory/registry-settings.ts';
import { optionsFor, otherSubscription, subscription } from '../inventory/azure-fixture.ts';

const loginServer = 'contoso.azurecr.io';
const resourceId = `/subscriptions/${subscription}/resourcegroups/production/providers/microsoft.containerregistry/registries/contoso`;
const known = { loginServer, resourceId };
const nothingOn = {
  retentionPolicy: { days: 7, enabled: false },
  softDelete: { days: 7, enabled: false },
  anonymousPull: false,
  adminUser: false,
  tasks: [],
  hasAllTasks: true,
};

interface Asked {
  readonly arm: ArmStandIn;
  readonly reader: RegistrySettingsReader;
}

async function withReader(
  work: (asked: Asked) => Promise<void>,
  { subscriptions }: { readonly subscriptions?: readonly string[] } = {},
): Promise<void> {
  const arm = await startArm({ pageSize: 2 });
  try {
    arm.addSubscription(subscription);
    const { query, subscriptions: _, ...options } = await optionsFor(arm, 'registries');
    const scope = subscriptions === undefined ? {} : { scope: { subscriptions, query } };
    await work({ arm, reader: azureRegistrySettings({ ...options, ...scope }) });
  } finally {
    await arm.close();
  }
}

const encoded = (text: string) => Buffer.from(text).toString('base64');
const purging: StandInTask = {
  name: 'purge',
  step: {
    type: 'EncodedTask',
    encodedTaskContent: encoded('version: v1.1.0\nsteps:\n  - cmd: acr purge --ago 1d\n'),
    encodedValuesContent: encoded('flags: --untagged\n'),
    values: [
      { name: 'more', value: '--include-locked', isSecret: false },
      { name: 'hidden', isSecret: true },
    ],
  },
};

describe('when the settings of a registry are read by its resource id', () => {
  it('they are told, off or on', () =>
    withReader(async ({ arm, reader }) => {
      arm.addRegistry({ name: 'contoso' });
      expect(await reader.read(known)).toEqual({ settings: nothingOn, problems: [] });
      arm.addRegistry({
        name: 'contoso',
        loginServer: 'Contoso.azurecr.io',
        adminUserEnabled: true,
        anonymousPullEnabled: true,
        retentionPolicy: { days: 0, status: 'Enabled' },
        softDeletePolicy: { retentionDays: 90, status: 'enabled' },
      });
      expect(await reader.read(known)).toEqual({
        settings: {
          retentionPolicy: { days: 0, enabled: true },
          softDelete: { days: 90, enabled: true },
          anonymousPull: true,
          adminUser: true,
          tasks: [],
          hasAllTasks: true,
        },
        problems: [],
      });
    }));

  it('nothing but reading is asked, by a version that tells of soft delete', () =>
    withReader(async ({ arm, reader }) => {
      arm.addRegistry({ name: 'contoso' });
      await reader.read(known);
      expect(arm.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        `GET ${resourceId}?api-version=2025-05-01-preview`,
        `GET ${resourceId}/tasks?api-version=2019-04-01`,
      ]);
    }));

  it('its tasks are told page after page, with what they hold decoded', () =>
    withReader(async ({ arm, reader }) => {
      const tasks: readonly StandInTask[] = [
        purging,
        { name: 'build', status: 'Disabled', step: { type: 'Docker', dockerFilePath: 'Dockerfile' } },
        { name: 'quicktask' },
        { name: 'file', step: { type: 'FileTask', taskFilePath: 'acb.yaml', values: null } },
      ];
      arm.addRegistry({ name: 'contoso', tasks });
      const { settings, problems } = await reader.read(known);
      expect(problems).toEqual([]);
      expect(settings?.hasAllTasks).toBe(true);
      expect(settings?.tasks.map(({ name, isEnabled }) => [name, isEnabled])).toEqual([
        ['purge', true],
        ['build', false],
        ['quicktask', true],
        ['file', true],
      ]);
      const [purge] = settings?.tasks ?? [];
      expect(purge?.commands).toContain('cmd: acr purge --ago 1d');
      expect(purge?.commands).toContain('flags: --untagged');
      expect(purge?.commands).toContain('"more": --include-locked');
    }));

  it.each<[string, ArmFault['answer'], string]>([
    ['refused', { status: 403, code: 'AuthorizationFailed' }, '403 AuthorizationFailed'],
    ['not there', { status: 404, code: 'ResourceNotFound' }, 'does not exist there'],
    ['busy', { status: 429, retryAfter: '0' }, '429'],
    ['failing', { status: 500 }, '500'],
    ['answered by a text', { body: 'moved' }, 'not JSON'],
    ['answered by a list', { body: '[]' }, 'without settings'],
    ['answered without properties', { body: '{}' }, 'without settings'],
    ['cut off', 'cut', 'could not be sent'],
  ])('and it is %s, nothing is told but why', (_, answer, problem) =>
    withReader(async ({ arm, reader }) => {
      arm.addRegistry({ name: 'contoso' });
      arm.fail({ path: '/registries/contoso', answer });
      const { settings, problems } = await reader.read(known);
      expect(settings).toBeUndefined();
      expect(problems).toEqual([{ where: loginServer, problem: expect.stringContaining(problem) }]);
    }),
  );

  it.each<[string, ArmFault['answer']]>([
    ['refused', { status: 403, code: 'AuthorizationFailed' }],
    ['unknown', { status: 404, code: 'ResourceNotFound' }],
    ['no list', { body: '{"value":7}' }],
    ['of a wrong form', { body: '{"value":[{"name":7}]}' }],
    ['on a page elsewhere', { body: '{"value":[],"nextLink":"https://fabrikam.example/tasks"}' }],
  ])('and its tasks are %s, the rest is told', (_, answer) =>
    withReader(async ({ arm, reader }) => {
      arm.addRegistry({ name: 'contoso', tasks: [purging] });
      arm.fail({ path: '/tasks', answer });
      const { settings, problems } = await reader.read(known);
      expect(settings).toEqual({ ...nothingOn, hasAllTasks: false });
      expect(problems).toMatchObject([{ where: 'tasks' }]);
    }),
  );

  it.each([
    ['what is not base64', { encodedTaskContent: 'ac*r' }],
    ['more base64 than is read', { encodedTaskContent: 'A'.repeat(600_000) }],
    ['values that are too long', { values: [{ name: 'a', value: 'x'.repeat(20_000) }] }],
    ['too many values', { values: Array.from({ length: 1_001 }, () => ({ name: 'a', value: 'b' })) }],
  ])('and a task holds %s, it is told by name and the others with it', (_, step) =>
    withReader(async ({ arm, reader }) => {
      arm.addRegistry({ name: 'contoso', tasks: [{ name: 'odd', step }, purging] });
      const { settings, problems } = await reader.read(known);
      expect(settings?.tasks.map(({ name }) => name)).toEqual(['odd', 'purge']);
      expect(settings?.hasAllTasks).toBe(false);
      expect(problems).toMatchObject([{ where: 'task "odd"' }]);
    }),
  );

  it('and it has more tasks than are read, that is told', () =>
    withReader(async ({ arm, reader }) => {
      const value = Array.from({ length: 1_001 }, (_, index) => ({ name: `t${index}`, properties: {} }));
      arm.addRegistry({ name: 'contoso' });
      arm.fail({ path: '/tasks', answer: { body: JSON.stringify({ value }) } });
      const { settings, problems } = await reader.read(known);
      expect(settings?.tasks).toHaveLength(1_000);
      expect(settings?.hasAllTasks).toBe(false);
      expect(problems).toHaveLength(1);
    }));

  it.each([
    ['policies', 'policies', ['retentionPolicy', 'softDelete']],
    ['adminUserEnabled', 'adminUserEnabled', ['adminUser']],
    ['anonymousPullEnabled', 'anonymousPullEnabled', ['anonymousPull']],
  ])('and %s is left out, or of an unknown form, it counts as not told', (_, name, untold) =>
    withReader(async ({ arm, reader }) => {
      for (const value of [undefined, 'perhaps', null, { retentionPolicy: { days: -1, status: 'on' } }]) {
        const properties = {
          loginServer,
          adminUserEnabled: false,
          anonymousPullEnabled: false,
          policies: {
            retentionPolicy: { days: 7, status: 'disabled' },
            softDeletePolicy: { retentionDays: 7, status: 'disabled' },
          },
          [name]: value,
        };
        arm.addRegistry({ name: 'contoso' });
        arm.fail({
          path: '/registries/contoso',
          answer: { body: JSON.stringify({ properties }) },
          times: 1,
        });
        const { settings, problems } = await reader.read(known);
        const left = Object.entries(nothingOn).filter(([key]) => !untold.includes(key));
        expect(settings).toEqual(Object.fromEntries(left));
        expect(problems).toHaveLength(untold.length);
      }
    }),
  );

  it('and the id is that of another registry, its settings are not taken for those asked for', () =>
    withReader(async ({ arm, reader }) => {
      arm.addRegistry({ name: 'contoso', loginServer: 'fabrikam.azurecr.io' });
      const { settings, problems } = await reader.read(known);
      expect(settings).toBeUndefined();
      expect(problems[0]?.problem).toContain('"fabrikam.azurecr.io"');
    }));

  it('and the id would lead elsewhere, nothing is asked', () =>
    withReader(async ({ arm, reader }) => {
      const { settings, problems } = await reader.read({
        loginServer,
        resourceId: `/subscriptions/../resourcegroups/a/providers/microsoft.containerregistry/registries/contoso`,
      });
      expect([settings, problems.length, arm.requests.length]).toEqual([undefined, 1, 0]);
    }));

  it('and it is aborted, the reason is thrown', () =>
    withReader(async ({ reader }) => {
      await expect(reader.read(known, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    }));
});

describe('when a registry is known by its login server alone', () => {
  it('it is found among those of the subscriptions that are read', () =>
    withReader(
      async ({ arm, reader }) => {
        for (const name of ['adventure', 'contoso', 'fabrikam']) arm.addRegistry({ name });
        arm.addContainerApp({ name: 'shop', containers: [{ name: 'web', image: `${loginServer}/web` }] });
        expect(await reader.read({ loginServer })).toEqual({ settings: nothingOn, problems: [] });
      },
      { subscriptions: [subscription] },
    ));

  it('and no source is of type azure, nothing is asked', () =>
    withReader(async ({ arm, reader }) => {
      const { settings, problems } = await reader.read({ loginServer });
      expect([settings, arm.requests.length]).toEqual([undefined, 0]);
      expect(problems[0]?.problem).toContain('REGISTRIES');
    }));

  it('and it is in none of them, or in one that may not be read, that is told', () =>
    withReader(
      async ({ arm, reader }) => {
        arm.addRegistry({ name: 'contoso', subscription: otherSubscription });
        arm.addSubscription(otherSubscription, { isRefused: true });
        const { settings, problems } = await reader.read({ loginServer });
        expect(settings).toBeUndefined();
        expect(problems.map(({ where }) => where)).toEqual([
          `subscription ${otherSubscription}`,
          loginServer,
        ]);
      },
      { subscriptions: [subscription, otherSubscription] },
    ));

  it('and two say that they are it, neither is believed', () =>
    withReader(
      async ({ arm, reader }) => {
        arm.addRegistry({ name: 'contoso' });
        arm.addRegistry({ name: 'other', loginServer });
        const { settings, problems } = await reader.read({ loginServer });
        expect([settings, problems.length]).toEqual([undefined, 1]);
      },
      { subscriptions: [subscription] },
    ));
});
