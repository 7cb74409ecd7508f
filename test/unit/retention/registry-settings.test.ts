import { describe, expect, it } from '@jest/globals';
import type { Severity } from '../../../src/findings/kind.ts';
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
    expect(detail['problems']).toEqual(problems.slice(0, 20).map(({ where }) => `${where}: is odd`));
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

  const onPush = { name: 'purge', isEnabled: true, commands: 'acr purge --include-locked' };
  const ofTask = { task: 'purge', line: 'acr purge --include-locked' };

  it.each<[string, Partial<RegistrySettings>, boolean, Severity, Readonly<Record<string, unknown>>, RegExp]>([
    [
      'untagged-retention-policy',
      { retentionPolicy: { days: 7, enabled: true } },
      true,
      'high',
      { days: 7, hasPinnedUses: true },
      /Disable the policy/,
    ],
    [
      'untagged-retention-policy',
      { retentionPolicy: { days: 0, enabled: true } },
      false,
      'medium',
      { days: 0, hasPinnedUses: false },
      /Disable the policy/,
    ],
    [
      'purge-includes-locked',
      { tasks: [onPush] },
      true,
      'high',
      { ...ofTask, isEnabled: true },
      /Take --include-locked out/,
    ],
    [
      'purge-includes-locked',
      { tasks: [{ ...onPush, isEnabled: false }] },
      true,
      'medium',
      { ...ofTask, isEnabled: false },
      /Take --include-locked out/,
    ],
    ['anonymous-pull', { anonymousPull: true }, true, 'medium', {}, /Disable anonymous pull/],
    ['admin-user', { adminUser: true }, true, 'medium', {}, /Disable the admin user/],
    ['soft-delete-off', { softDelete: { days: 7, enabled: false } }, true, 'low', {}, /Enable soft delete/],
  ])(
    '%s is told of %j, and what to do about it',
    (setting, told, hasPinnedUses, severity, detail, advice) => {
      const found = settingsFindings(registry, { ...untold, ...told }, { hasPinnedUses });
      expect(found.map((one) => [one.severity, one.detail])).toEqual([
        [severity, { registry, setting, ...detail, advice: expect.stringMatching(advice) }],
      ]);
    },
  );

  it('each that is found is a finding of its own', () => {
    const settings = { ...untold, anonymousPull: true, adminUser: true, tasks: [onPush] };
    const found = settingsFindings(registry, settings, pinned);
    expect(new Set(found.map(({ identity }) => identity)).size).toBe(3);
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

  it('that is told from another by its port alone, so is its subject', () => {
    const subjects = ['localhost:5000', 'localhost:5001', 'localhost5000'].map(registrySubject);
    expect(new Set(subjects.map(({ repository }) => repository)).size).toBe(3);
  });
});
