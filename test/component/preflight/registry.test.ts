import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registryPermissions } from '../../../src/acr/registry-permissions.ts';
import { type IdentityName, preflight } from '../../../src/audit/preflight.ts';
import {
  type RegistryPermission,
  type RoleMode,
  registryChecks,
} from '../../../src/audit/registry-grants.ts';
import { credential } from '../../builders/registry-access.ts';
import { pushImage } from '../acr/image.ts';
import { openTestRegistry, type TestRegistry } from '../acr/test-registry.ts';

/** What each has when all is right, as actions of the stand-in. */
const right = {
  auditor: ['catalog', 'pull', 'metadata_read', 'deleted_read'],
  locker: ['metadata_read', 'metadata_write'],
  deleter: ['metadata_read', 'delete', 'deleted_read', 'deleted_restore'],
} as const;

interface Case {
  readonly identity: keyof typeof right;
  readonly action: string;
  readonly legacy: RegExp;
  readonly abac: RegExp;
}

const taken: readonly Case[] = [
  {
    identity: 'auditor',
    action: 'catalog',
    legacy: /list the repositories .* the role AcrPull /,
    abac: /the role Container Registry Repository Catalog Lister /,
  },
  {
    identity: 'auditor',
    action: 'metadata_read',
    legacy: /tags, manifests and locks .*"acr-audit auditor" with the action .*registries\/metadata\/read /,
    abac: /Container Registry Repository Reader /,
  },
  {
    identity: 'auditor',
    action: 'pull',
    legacy: /pull manifests .* the role AcrPull /,
    abac: /Container Registry Repository Reader /,
  },
  {
    identity: 'auditor',
    action: 'deleted_read',
    legacy: /registries\/deleted\/read /,
    abac: /registries\/deleted\/read /,
  },
  {
    identity: 'locker',
    action: 'metadata_write',
    legacy: /"acr-audit locker" with the action .*registries\/metadata\/write /,
    abac: /"acr-audit locker" with the data action .*repositories\/metadata\/write /,
  },
  {
    identity: 'deleter',
    action: 'delete',
    legacy: /the role AcrDelete/,
    abac: /repositories\/content\/delete /,
  },
  {
    identity: 'deleter',
    action: 'deleted_restore',
    legacy: /registries\/deleted\/restore\/action /,
    abac: /registries\/deleted\/restore\/action /,
  },
];

const added: readonly Case[] = [
  {
    identity: 'auditor',
    action: 'metadata_write',
    legacy: /set locks .*registries\/metadata\/write /,
    abac: /Repository Writer or Contributor, or a role with the data action/,
  },
  {
    identity: 'auditor',
    action: 'push',
    legacy: /push images .*AcrPush, Contributor or Owner /,
    abac: /Repository Writer or Contributor /,
  },
  {
    identity: 'auditor',
    action: 'delete',
    legacy: /delete tags and manifests .*AcrDelete, Contributor or Owner /,
    abac: /Repository Contributor, or a role with delete/,
  },
  {
    identity: 'auditor',
    action: 'deleted_restore',
    legacy: /deleted\/restore\/action /,
    abac: /deleted\/restore\/action /,
  },
  {
    identity: 'locker',
    action: 'pull',
    legacy: /pull manifests .*AcrPull/,
    abac: /Repository Reader, Writer or Contributor /,
  },
  {
    identity: 'locker',
    action: 'delete',
    legacy: /AcrDelete, Contributor or Owner /,
    abac: /Repository Contributor/,
  },
  {
    identity: 'deleter',
    action: 'metadata_write',
    legacy: /metadata\/write /,
    abac: /Repository Writer or Contributor/,
  },
  { identity: 'deleter', action: 'pull', legacy: /AcrPull/, abac: /Repository Reader/ },
];

const nameOf = ({ identity, action }: Case, change: string) => `${identity}-${change}-${action}`;
const changedIdentities = {
  ...Object.fromEntries(
    taken.map((one) => [
      nameOf(one, 'without'),
      right[one.identity].filter((action) => action !== one.action),
    ]),
  ),
  ...Object.fromEntries(
    added.map((one) => [nameOf(one, 'with'), [...right[one.identity], 'pull', one.action]]),
  ),
};

let registry: TestRegistry;
beforeAll(async () => {
  const all: Readonly<Record<string, readonly string[]>> = {
    ...right,
    ...changedIdentities,
    nobody: [],
    pusher: ['pull', 'push'],
  };
  registry = await openTestRegistry({
    softDelete: true,
    identities: Object.fromEntries(
      Object.entries(all).map(([name, actions]) => [name, { password: 'unused', actions }]),
    ),
  });
  await pushImage(registry, 'team/app', 'v1');
});
afterAll(() => registry.dispose());

interface Asked {
  readonly names?: readonly IdentityName[];
  readonly mode?: RoleMode | undefined;
  readonly repository?: string;
}

/** What a preflight of one identity comes to, and what it logs. */
async function checked(token: string, identity: IdentityName, asked: Asked = {}) {
  const { names = [identity], mode, repository = 'team/app' } = asked;
  const permissions = registryPermissions({
    endpoint: registry.url,
    ca: registry.ca,
    credential: credential(token),
    repository,
    retry: { attempts: 1 },
  });
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const run = preflight({
    checks: async () =>
      registryChecks({
        registry: registry.loginServer,
        resourceId: '/the/registry',
        mode,
        identities: names,
        permissions,
      }),
    clock: { now: () => 7 },
    log: quiet,
  });
  return run();
}

describe.each(['team/app', 'acr-audit-preflight'])(
  'when grants are as they should be, asked of %s',
  (repository) => {
    it.each(['auditor', 'locker', 'deleter'] as const)(
      'nothing is said of the %s, and nothing is changed',
      async (identity) => {
        const before = await contentOf();
        const report = await checked(identity, identity, { repository, mode: 'LegacyRegistryPermissions' });
        expect(report).toEqual({ at: 7, missing: [], tooMuch: [], unknown: [], right: expect.any(Number) });
        expect(report.right).toBeGreaterThan(4);
        expect(await contentOf()).toEqual(before);
      },
    );
  },
);

/** All that the registry tells of its content. */
async function contentOf() {
  const paths = [
    '/acr/v1/_catalog',
    '/acr/v1/team/app',
    '/acr/v1/team/app/_tags',
    '/acr/v1/team/app/_manifests',
    '/acr/v1/_deleted/_catalog',
  ];
  const answers = await Promise.all(paths.map((path) => registry.call('GET', path)));
  return answers.map(({ json }) => json);
}

describe('when one permission is taken away', () => {
  it.each(taken)('of the $identity, $action, the message names the grant in either mode', async (one) => {
    for (const [mode, said] of [
      ['LegacyRegistryPermissions', one.legacy],
      ['AbacRepositoryPermissions', one.abac],
    ] as const) {
      const report = await checked(nameOf(one, 'without'), one.identity, { mode });
      // Restoring needs to list first; whoever may not list may not restore.
      expect(report.missing).toHaveLength(1);
      const [message = ''] = report.missing;
      expect(message).toMatch(said);
      expect(message).toContain(`the ${one.identity} may not `);
      expect(message).toContain(`on the registry /the/registry (mode ${mode})`);
      expect(report).toMatchObject({ tooMuch: [], unknown: [] });
    }
  });

  it('of an identity that has none, each is missing once', async () => {
    const report = await checked('nobody', 'auditor');
    expect(report.missing).toHaveLength(4);
    expect(report.tooMuch).toEqual([]);
  });
});

describe('when one permission is too much', () => {
  it.each(added)(
    'for the $identity, $action, the message names what gives it in either mode',
    async (one) => {
      for (const [mode, said] of [
        ['LegacyRegistryPermissions', one.legacy],
        ['AbacRepositoryPermissions', one.abac],
      ] as const) {
        const { missing, tooMuch, unknown } = await checked(nameOf(one, 'with'), one.identity, { mode });
        expect(missing).toEqual([]);
        expect(unknown).toEqual([]);
        const message = tooMuch.find((text) => said.test(text));
        expect(message).toContain(`the ${one.identity} may `);
        expect(message).toContain(
          `on the registry /the/registry, its resource group or above (mode ${mode})`,
        );
      }
    },
  );
});

describe('when it cannot be told', () => {
  it('the mode, the grants of both are named', async () => {
    const { missing } = await checked('auditor-without-catalog', 'auditor');
    expect(missing).toEqual([
      `the auditor may not list the repositories of ${registry.loginServer}: give it the role AcrPull (mode LegacyRegistryPermissions), or ` +
        'the role Container Registry Repository Catalog Lister (mode AbacRepositoryPermissions), on the registry /the/registry',
    ]);
  });

  it('since the registry is busy, it is said to be unknown, and neither missing nor too much', async () => {
    registry.faults.unavailable = true;
    try {
      const report = await checked('auditor', 'auditor');
      expect(report).toMatchObject({ missing: [], tooMuch: [], right: 0 });
      expect(report.unknown).toHaveLength(8);
      expect(report.unknown[0]).toMatch(/^whether the auditor may .* answered 503/);
    } finally {
      registry.faults.unavailable = false;
    }
  });
});

it('when one identity stands in for two, it needs what both need', async () => {
  const report = await checked('locker', 'auditor', { names: ['auditor', 'locker'] });
  const isAbout = (texts: readonly string[], what: string) => texts.some((text) => text.includes(what));
  expect(isAbout(report.missing, 'pull manifests')).toBe(true);
  expect(isAbout([...report.missing, ...report.tooMuch], 'set locks')).toBe(false);
});

it.each<[RegistryPermission, boolean]>([
  ['push', true],
  ['pull', true],
  ['delete', false],
  ['lock', false],
])('when somebody who pushes asks whether to %s, the answer is %s', async (permission, may) => {
  const permissions = registryPermissions({
    endpoint: registry.url,
    ca: registry.ca,
    credential: credential('pusher'),
  });
  expect(await permissions.may(permission)).toBe(may);
});
