import { describe, expect, it } from '@jest/globals';
import { assessRegistrySettings } from '../../../src/audit/assess-registry-settings.ts';
import type { RegistrySettingsReading } from '../../../src/audit/retention-ports.ts';
import type { AcceptedRegistry } from '../../../src/registry/accepted-registry.ts';
import type { RegistrySettings } from '../../../src/retention/registry-settings.ts';
import { claimed, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const safe: RegistrySettings = {
  retentionPolicy: { days: 7, enabled: false },
  softDelete: { days: 7, enabled: true },
  anonymousPull: false,
  adminUser: false,
  tasks: [],
  hasAllTasks: true,
};
const refused = { problems: [{ where: usedRegistry, problem: 'was answered 403 AuthorizationFailed' }] };
const purging = (name: string) => ({ name, isEnabled: true, commands: 'cmd: acr purge --include-locked' });

function settingsApp() {
  const app = inUseApp();
  const says = new Map<string, RegistrySettingsReading>([[usedRegistry, { settings: safe, problems: [] }]]);
  const registries: AcceptedRegistry[] = [{ loginServer: usedRegistry }];
  const { claims, findings, clock } = app;
  const reader = { read: async ({ loginServer }: AcceptedRegistry) => says.get(loginServer) ?? refused };
  const log = { info() {}, warn() {}, error() {} };
  return {
    ...app,
    registries,
    assess: () => assessRegistrySettings({ reader, registries, claims, findings, clock, log })(),
    say(settings: Partial<RegistrySettings>, registry = usedRegistry) {
      says.set(registry, { settings: { ...safe, ...settings }, problems: [] });
    },
    hide(...names: readonly (keyof RegistrySettings)[]) {
      const left = Object.entries(safe).filter(([name]) => !names.some((hidden) => hidden === name));
      says.set(usedRegistry, {
        settings: { tasks: [], hasAllTasks: true, ...Object.fromEntries(left) },
        problems: refused.problems,
      });
    },
    refuse: () => says.set(usedRegistry, refused),
    async found() {
      const found = (await app.estate()).filter(({ kind }) => kind !== 'SourceStale');
      return found.map(({ kind, severity, detail }) =>
        [kind, severity, detail['setting'], detail['task']].filter((part) => part !== undefined).join(' '),
      );
    },
  };
}

describe('when the settings of a registry are looked at', () => {
  it('nothing is found while none is dangerous', async () => {
    const app = settingsApp();
    await app.assess();
    expect(await app.found()).toEqual([]);
  });

  it('each that is dangerous is found, is one finding however often, and is over once it is changed', async () => {
    const app = settingsApp();
    app.say({ anonymousPull: true, adminUser: true, softDelete: { days: 7, enabled: false } });
    await app.assess();
    await app.assess();
    const expected = ['low soft-delete-off', 'medium admin-user', 'medium anonymous-pull'];
    expect((await app.found()).sort()).toEqual(expected.map((text) => `DangerousSetting ${text}`));
    expect((await app.estate())[0]?.detail).toMatchObject({ registry: usedRegistry });
    app.say({ adminUser: true });
    await app.assess();
    expect(await app.found()).toEqual(['DangerousSetting medium admin-user']);
  });

  it('each task that purges what is locked is found by itself', async () => {
    const app = settingsApp();
    app.say({ tasks: [purging('nightly'), { ...purging('weekly'), isEnabled: false }] });
    await app.assess();
    expect((await app.found()).sort()).toEqual([
      'DangerousSetting high purge-includes-locked nightly',
      'DangerousSetting medium purge-includes-locked weekly',
    ]);
    app.say({ tasks: [purging('nightly')] });
    await app.assess();
    expect(await app.found()).toEqual(['DangerousSetting high purge-includes-locked nightly']);
  });

  it('a retention policy matters more where workloads refer to images by digest', async () => {
    const app = settingsApp();
    app.say({ retentionPolicy: { days: 0, enabled: true } });
    await app.report('aks-prod', [claimed('team/app:1.0', 'web')]);
    await app.assess();
    expect(await app.found()).toEqual(['DangerousSetting medium untagged-retention-policy']);
    await app.report('aks-prod', [
      claimed('team/app:1.0', 'web'),
      claimed(`team/api@${digestOf('one')}`, 'api'),
    ]);
    await app.assess();
    expect(await app.found()).toEqual(['DangerousSetting high untagged-retention-policy']);
    const finding = (await app.estate()).find(({ kind }) => kind === 'DangerousSetting');
    expect(finding?.detail).toMatchObject({ days: 0, hasPinnedUses: true });
  });
});

describe('when settings cannot be read', () => {
  it('that is found, and what was found before stays', async () => {
    const app = settingsApp();
    app.say({ adminUser: true, tasks: [purging('nightly')] });
    await app.assess();
    app.refuse();
    await app.assess();
    expect((await app.found()).sort()).toEqual([
      'DangerousSetting high purge-includes-locked nightly',
      'DangerousSetting medium admin-user',
      'RegistrySettingsUnknown low',
    ]);
    const unknown = (await app.estate()).find(({ kind }) => kind === 'RegistrySettingsUnknown');
    expect(unknown?.detail).toMatchObject({
      registry: usedRegistry,
      problems: [`${usedRegistry}: was answered 403 AuthorizationFailed`],
    });
    app.say({});
    await app.assess();
    expect(await app.found()).toEqual([]);
  });

  it('of those that can be, what was found before is over when it is', async () => {
    const app = settingsApp();
    app.say({ adminUser: true, anonymousPull: true });
    await app.assess();
    app.hide('anonymousPull');
    await app.assess();
    expect((await app.found()).sort()).toEqual([
      'DangerousSetting medium anonymous-pull',
      'RegistrySettingsUnknown low',
    ]);
  });

  it('what was found before of another registry is over when it is', async () => {
    const app = settingsApp();
    const other = 'fabrikam.azurecr.io';
    app.registries.push({ loginServer: other });
    app.say({ adminUser: true });
    app.say({ adminUser: true }, other);
    await app.assess();
    app.refuse();
    app.say({}, other);
    await app.assess();
    expect((await app.found()).sort()).toEqual([
      'DangerousSetting medium admin-user',
      'RegistrySettingsUnknown low',
    ]);
    expect((await app.estate()).map(({ detail }) => detail['registry'])).toEqual([
      usedRegistry,
      usedRegistry,
    ]);
  });

  it('what somebody has waived stays waived', async () => {
    const app = settingsApp();
    app.say({ adminUser: true });
    await app.assess();
    const [finding] = await app.estate();
    const { time } = app.clock;
    const waiver = { reason: 'until the move', owner: 'platform', until: time + 86_400_000 };
    const by = { id: 'owner', name: 'owner' };
    await app.findings.change('_estate', finding?.id ?? '', { event: 'waive', ...waiver }, by, time);
    app.refuse();
    await app.assess();
    const waived = await app.listed('_estate', ['waived']);
    expect(waived.map(({ kind }) => kind)).toEqual(['DangerousSetting']);
  });
});

describe('when a registry is audited no more', () => {
  it('what was found of it is over', async () => {
    const app = settingsApp();
    app.say({ adminUser: true });
    await app.assess();
    app.registries.length = 0;
    await app.assess();
    expect(await app.found()).toEqual([]);
  });
});
