import { describe, expect, it } from '@jest/globals';
import { isRepositoryName } from '../../../src/registry/name.ts';
import {
  type RegistrySettings,
  registrySubject,
  settingsFindings,
  unknownSettingsFinding,
  untoldSettings,
} from '../../../src/retention/registry-settings.ts';

const registry = 'contoso.azurecr.io';
const untold: RegistrySettings = { tasks: [], hasAllTasks: false };
const pinned = { hasPinnedUses: true };
const everything = [
  'untagged-retention-policy',
  'purge-includes-locked',
  'anonymous-pull',
  'admin-user',
  'soft-delete-off',
];

describe('when settings were not told', () => {
  it('none is dangerous, and none is known to be fine', () => {
    expect(settingsFindings(registry, untold, pinned)).toEqual([]);
    expect([...untoldSettings(untold)]).toEqual(everything);
    expect([...untoldSettings(undefined)]).toEqual(everything);
  });

  it('the finding names them, and the first of the reasons', () => {
    const problems = Array.from({ length: 50 }, (_, index) => ({
      where: `task ${index}`,
      problem: 'is odd',
    }));
    const { severity, detail } = unknownSettingsFinding(registry, untold, problems);
    expect(severity).toBe('low');
    expect(detail).toMatchObject({ registry, settings: everything, problemCount: 50 });
    expect(detail['problems']).toHaveLength(20);
  });
});

describe('when settings were told', () => {
  it('one that is off is dangerous only where it is soft delete', () => {
    const off = { days: 7, enabled: false };
    const settings: RegistrySettings = {
      retentionPolicy: off,
      softDelete: off,
      anonymousPull: false,
      adminUser: false,
      tasks: [{ name: 'build', isEnabled: true, commands: 'build: -t app .' }],
      hasAllTasks: true,
    };
    const found = settingsFindings(registry, settings, pinned);
    expect(found.map(({ severity, detail }) => [detail['setting'], severity])).toEqual([
      ['soft-delete-off', 'low'],
    ]);
    expect(untoldSettings(settings).size).toBe(0);
  });

  it('each that is found says what to do about it', () => {
    const on = { days: 0, enabled: true };
    const tasks = [{ name: 'purge', isEnabled: true, commands: 'acr purge --include-locked' }];
    const settings = { ...untold, retentionPolicy: on, anonymousPull: true, adminUser: true, tasks };
    const found = settingsFindings(registry, settings, pinned);
    expect(found).toHaveLength(4);
    expect(new Set(found.map(({ detail }) => detail['advice'])).size).toBe(4);
    expect(new Set(found.map(({ identity }) => identity)).size).toBe(4);
  });

  it('the name of a task is bounded and safe to show', () => {
    const tasks = [
      { name: `\u202E${'x'.repeat(5_000)}`, isEnabled: true, commands: 'purge --include-locked' },
    ];
    const [found] = settingsFindings(registry, { ...untold, tasks }, pinned);
    expect(found?.detail['task']).toBe(`\uFFFD${'x'.repeat(99)}`);
  });
});

describe('when a finding is about a registry', () => {
  it.each([registry, 'localhost:5000', 'localhost'])('that is %s, its subject can be a key', (name) => {
    const subject = registrySubject(name);
    expect(subject.registry).toBe('_estate');
    expect(isRepositoryName(subject.repository)).toBe(true);
  });
});
