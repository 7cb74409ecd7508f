import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ReadText, readSettings, SettingsError } from '../../src/settings.ts';

const resourceId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso-rg' +
  '/providers/Microsoft.ContainerRegistry/registries/contoso';
const storage = { AuditStorage: 'UseDevelopmentStorage=true' };
const endpoints = {
  AuditStorage__tableServiceUri: 'https://contosoaudit.table.core.windows.net',
  AuditStorage__queueServiceUri: 'https://contosoaudit.queue.core.windows.net',
  AuditStorage__blobServiceUri: 'https://contosoaudit.blob.core.windows.net',
};
const least = { REGISTRIES: 'contoso.azurecr.io', ...storage };

function problemsOf(
  environment: Readonly<Record<string, string | undefined>>,
  readText?: ReadText,
): readonly string[] {
  try {
    readSettings(environment, readText);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe('identities', () => {
  it('deletes nothing unless an identity for that is named, and refuses one that does something else', () => {
    expect(readSettings(least).deleterClientId).toBeUndefined();
    expect(readSettings({ ...least, ACR_AUDIT_DELETER_CLIENT_ID: '' }).deleterClientId).toBeUndefined();
    expect(readSettings({ ...least, ACR_AUDIT_DELETER_CLIENT_ID: 'one' }).deleterClientId).toBe('one');
    for (const other of ['AuditStorage__clientId', 'ACR_AUDIT_LOCKER_CLIENT_ID']) {
      expect(problemsOf({ ...least, ACR_AUDIT_DELETER_CLIENT_ID: 'one', [other]: 'one' })).toEqual([
        expect.stringMatching(/^ACR_AUDIT_DELETER_CLIENT_ID .* one of its own$/),
      ]);
    }
  });
});

describe('registries', () => {
  it('when several are named, each is accepted, in lower case, with its resource id when given', () => {
    const { registries } = readSettings({
      ...storage,
      REGISTRIES: ` Contoso.azurecr.io=${resourceId}/ ,fabrikam-a1b2.azurecr.io;\nlocalhost:5443 `,
    });
    expect(registries).toEqual([
      { loginServer: 'contoso.azurecr.io', resourceId: resourceId.toLowerCase() },
      { loginServer: 'fabrikam-a1b2.azurecr.io' },
      { loginServer: 'localhost:5443' },
    ]);
  });

  it('when one is named with the port of HTTPS, or at the endpoint of a region, it is known by its one name', () => {
    const REGISTRIES = 'contoso.azurecr.io:443,fabrikam-a1b2.westeurope.geo.azurecr.io';
    const ACR_AUDIT_LOGS = `contoso.azurecr.io:443=${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`;
    const { registries, logs } = readSettings({ ...storage, REGISTRIES, ACR_AUDIT_LOGS });
    expect(registries).toEqual([
      { loginServer: 'contoso.azurecr.io' },
      { loginServer: 'fabrikam-a1b2.azurecr.io' },
    ]);
    expect(logs).toMatchObject([{ loginServer: 'contoso.azurecr.io' }]);
  });

  it.each([undefined, '', ' , ;'])('when REGISTRIES is %j, that is the problem', (REGISTRIES) => {
    expect(problemsOf({ ...storage, REGISTRIES })).toEqual([
      expect.stringMatching(/^REGISTRIES is missing: /),
    ]);
  });

  it.each([
    'contoso',
    'https://contoso.azurecr.io',
    'contoso.azurecr.io/team',
    'contoso..azurecr.io',
    '-contoso.azurecr.io',
    'contoso.azurecr.io:',
    'contoso.azurecr.io:99999',
    'contoso_1.azurecr.io',
    '=',
  ])('when a registry is %j, it is refused as no login server', (REGISTRIES) => {
    const problems = problemsOf({ ...storage, REGISTRIES });
    expect(problems[0]).toMatch(/^REGISTRIES: ".*" is not a login server/);
  });

  it.each(['', 'contoso', '/subscriptions/1/resourceGroups/2', `${resourceId}/connectedRegistries/edge`])(
    'when a resource id is %j, it is refused',
    (id) => {
      expect(problemsOf({ ...storage, REGISTRIES: `contoso.azurecr.io=${id}` })).toEqual([
        expect.stringMatching(/is not the resource id of a container registry$/),
      ]);
    },
  );

  it('when a registry is named twice, that is said once', () => {
    const REGISTRIES = 'contoso.azurecr.io,CONTOSO.azurecr.io,contoso.azurecr.io';
    expect(problemsOf({ ...storage, REGISTRIES })).toContain(
      'REGISTRIES names contoso.azurecr.io more than once',
    );
  });

  it('when two login servers begin with one name, their resource ids have to tell them apart', () => {
    const REGISTRIES = 'contoso.azurecr.io,contoso.azurecr.cn';
    expect(problemsOf({ ...storage, REGISTRIES })).toEqual([
      expect.stringMatching(/contoso\.azurecr\.io.*contoso\.azurecr\.cn.*resource id/),
    ]);
    const other = resourceId.replace('contoso-rg', 'contoso-cn-rg');
    const told = `contoso.azurecr.io=${resourceId},contoso.azurecr.cn=${other}`;
    expect(problemsOf({ ...storage, REGISTRIES: told })).toEqual([]);
  });

  it('when two login servers have one resource id, events could be of either: it is refused', () => {
    const REGISTRIES = `contoso.azurecr.io=${resourceId},fabrikam.azurecr.io=${resourceId}`;
    expect(problemsOf({ ...storage, REGISTRIES })).toEqual([
      expect.stringContaining(resourceId.toLowerCase()),
    ]);
  });
});

describe('storage', () => {
  it('when endpoints are given, an identity is used, named when there are several', () => {
    const asked = { REGISTRIES: 'contoso.azurecr.io', ...endpoints };
    expect(readSettings(asked)).toMatchObject({
      storage: {
        tableServiceUri: endpoints.AuditStorage__tableServiceUri,
        queueServiceUri: endpoints.AuditStorage__queueServiceUri,
        blobServiceUri: endpoints.AuditStorage__blobServiceUri,
      },
    });
    expect(readSettings(asked).clientId).toBeUndefined();
    expect(readSettings({ ...asked, AuditStorage__clientId: 'a1' }).clientId).toBe('a1');
  });

  it('when there is a connection string only, it is used', () => {
    expect(readSettings(least).storage).toEqual({ connectionString: 'UseDevelopmentStorage=true' });
  });

  it.each([
    'garbage',
    'AccountName=contoso;AccountKey=c2VjcmV0',
    'TableEndpoint=contoso;AccountKey=c2VjcmV0',
    'BlobEndpoint=https://contoso.blob.core.windows.net;AccountKey=c2VjcmV0',
  ])('when the connection string is %j, it is refused and not repeated', (AuditStorage) => {
    const [problem, ...others] = problemsOf({ ...least, AuditStorage });
    expect(problem).toMatch(/^AuditStorage is not a connection string/);
    expect(problem).not.toContain('c2VjcmV0');
    expect(others).toEqual([]);
  });

  it.each([
    'DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net',
    'AccountName=contoso;AccountKey=c2VjcmV0;TableEndpoint=http://127.0.0.1:10002/contoso;' +
      'QueueEndpoint=http://127.0.0.1:10001/contoso;BlobEndpoint=http://127.0.0.1:10000/contoso',
  ])('when the connection string is %j, it is used', (AuditStorage) => {
    expect(readSettings({ ...least, AuditStorage }).storage).toEqual({ connectionString: AuditStorage });
  });

  it('when the endpoint is not https, it is refused: tokens would be sent in the open', () => {
    const AuditStorage__tableServiceUri = 'http://contosoaudit.table.core.windows.net';
    const asked = { REGISTRIES: 'contoso.azurecr.io', ...endpoints, AuditStorage__tableServiceUri };
    expect(problemsOf(asked)).toEqual(['AuditStorage__tableServiceUri must be an https address']);
  });

  it.each([{}, { AuditStorage: '', AuditStorage__tableServiceUri: '' }])(
    'when storage is %j, both ways to name it are told',
    (environment) => {
      const [problem] = problemsOf({ REGISTRIES: 'contoso.azurecr.io', ...environment });
      expect(problem).toContain('AuditStorage__tableServiceUri');
      expect(problem).toContain('connection string');
    },
  );
});

describe('sign-in', () => {
  it.each([undefined, '', 'false', 'False', '0', '1', 'yes'])(
    'when WEBSITE_AUTH_ENABLED is %j, nobody is known',
    (WEBSITE_AUTH_ENABLED) => {
      expect(readSettings({ ...least, WEBSITE_AUTH_ENABLED }).auth).toBe('closed');
    },
  );

  it.each(['true', 'True', 'TRUE'])('when WEBSITE_AUTH_ENABLED is %j, the platform is trusted', (value) => {
    expect(readSettings({ ...least, WEBSITE_AUTH_ENABLED: value }).auth).toBe('platform');
  });

  it('when development is asked for on one machine, it is given', () => {
    expect(readSettings({ ...least, ACR_AUDIT_AUTH: 'development' }).auth).toBe('development');
  });

  it.each(['WEBSITE_INSTANCE_ID', 'WEBSITE_SITE_NAME', 'CONTAINER_APP_NAME'])(
    'when development is asked for where %s is set, that is refused: it is Azure',
    (name) => {
      expect(problemsOf({ ...least, ACR_AUDIT_AUTH: 'development', [name]: 'contoso' })).toEqual([
        'ACR_AUDIT_AUTH=development is refused in Azure: remove it',
      ]);
    },
  );

  it.each(['Development', 'none', 'platform', 'true'])(
    'when ACR_AUDIT_AUTH is %j, it is refused rather than guessed',
    (ACR_AUDIT_AUTH) => {
      expect(problemsOf({ ...least, ACR_AUDIT_AUTH })).toHaveLength(1);
    },
  );
});

describe('every problem at once', () => {
  it('when all is wrong, one error lists it all', () => {
    const environment = { REGISTRIES: 'contoso', ACR_AUDIT_AUTH: 'none' };
    expect(problemsOf(environment)).toHaveLength(3);
    expect(() => readSettings(environment)).toThrow(/\n- REGISTRIES.*\n- AuditStorage.*\n- ACR_AUDIT_AUTH/);
  });

  it('when settings are arbitrary, they are read or refused with problems, never otherwise', () => {
    const names = ['REGISTRIES', 'AuditStorage', 'AuditStorage__tableServiceUri', 'ACR_AUDIT_AUTH'];
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('contoso.azurecr.io', resourceId));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (environment) => {
        problemsOf(environment);
      }),
    );
  });
});

describe('the token for stand-ins', () => {
  it('when it is given on one machine, it is used', () => {
    const asked = { ...least, ACR_AUDIT_AUTH: 'development', ACR_AUDIT_REGISTRY_TOKEN: 'local' };
    expect(readSettings(asked).registryToken).toBe('local');
  });

  it('when it is given anywhere else, it is refused', () => {
    expect(problemsOf({ ...least, ACR_AUDIT_REGISTRY_TOKEN: 'local' })).toEqual([
      'ACR_AUDIT_REGISTRY_TOKEN is for stand-ins on one machine: remove it',
    ]);
  });
});

describe('logs', () => {
  const workspaceId = '00000000-0000-0000-0000-000000000001';
  const REGISTRIES = `contoso.azurecr.io=${resourceId},fabrikam.azurecr.io`;

  it.each([undefined, '', ' '])('when ACR_AUDIT_LOGS is %j, there are none', (ACR_AUDIT_LOGS) => {
    expect(readSettings({ ...least, ACR_AUDIT_LOGS }).logs).toEqual([]);
  });

  it('when it is "resource", each registry is asked by its resource id', () => {
    const all = { ...storage, REGISTRIES: `contoso.azurecr.io=${resourceId}`, ACR_AUDIT_LOGS: 'Resource' };
    expect(readSettings(all).logs).toEqual([
      { loginServer: 'contoso.azurecr.io', resourceId: resourceId.toLowerCase() },
    ]);
  });

  it('when registries are named, each has its place, and the others have none', () => {
    const ACR_AUDIT_LOGS = `Fabrikam.azurecr.io=${workspaceId}, contoso.azurecr.io=resource`;
    expect(readSettings({ ...storage, REGISTRIES, ACR_AUDIT_LOGS }).logs).toEqual([
      { loginServer: 'fabrikam.azurecr.io', workspaceId },
      { loginServer: 'contoso.azurecr.io', resourceId: resourceId.toLowerCase() },
    ]);
  });

  it('when it has problems, all are told at once', () => {
    const ACR_AUDIT_LOGS =
      'northwind.azurecr.io=resource fabrikam.azurecr.io=resource contoso.azurecr.io=workspace ' +
      `contoso.azurecr.io contoso.azurecr.io=${workspaceId} contoso.azurecr.io=resource`;
    expect(problemsOf({ ...storage, REGISTRIES, ACR_AUDIT_LOGS })).toEqual([
      'ACR_AUDIT_LOGS: "northwind.azurecr.io" is not among the REGISTRIES',
      'ACR_AUDIT_LOGS: fabrikam.azurecr.io has no resource id in REGISTRIES to ask for its logs by',
      expect.stringMatching(/^ACR_AUDIT_LOGS: "contoso.azurecr.io=workspace" needs "="/),
      expect.stringMatching(/^ACR_AUDIT_LOGS: "contoso.azurecr.io" needs "="/),
      'ACR_AUDIT_LOGS names contoso.azurecr.io more than once',
    ]);
  });
});

describe('when a policy is deployed', () => {
  const environment = { REGISTRIES: 'contoso.azurecr.io', AuditStorage: 'UseDevelopmentStorage=true' };
  const policy = JSON.stringify({
    version: 1,
    registries: ['contoso\\.azurecr\\.io'],
    environments: [{ name: 'production' }],
    repositories: [{ repositories: 'team/.*', environments: ['production'] }],
  });
  const files =
    (texts: Readonly<Record<string, string>>) =>
    (path: string): string | undefined =>
      texts[path];

  it('it is read from policy.json, or from the file that is named', () => {
    expect(readSettings(environment, files({ 'policy.json': policy })).policy?.environments[0]?.name).toBe(
      'production',
    );
    const named = { ...environment, ACR_AUDIT_POLICY: 'other.json' };
    expect(readSettings(named, files({ 'other.json': policy })).policy).toBeDefined();
    expect(readSettings(environment, files({})).policy).toBeUndefined();
  });

  it('one that is named and not there, or that is no policy, keeps the app from starting, with every problem', () => {
    const problemsOf = (texts: Readonly<Record<string, string>>, named?: string) => {
      try {
        const asked = named === undefined ? {} : { ACR_AUDIT_POLICY: named };
        readSettings({ ...environment, ...asked }, files(texts));
      } catch (error) {
        if (error instanceof SettingsError) return error.problems;
      }
      return [];
    };
    expect(problemsOf({}, 'other.json')).toEqual([expect.stringContaining('other.json, which is not there')]);
    expect(problemsOf({ 'policy.json': '{' })).toHaveLength(1);
    const bad = JSON.stringify({ version: 1, registries: ['('], environments: [], repositories: [] });
    expect(problemsOf({ 'policy.json': bad }).length).toBeGreaterThan(1);
    expect(problemsOf({ 'policy.json': bad })[0]).toMatch(/^policy\.json: /);
  });
});

describe('when sources of the inventory are deployed', () => {
  const inventory = JSON.stringify({ version: 1, sources: [{ name: 'gitops', type: 'submitted' }] });
  const files =
    (texts: Readonly<Record<string, string>>) =>
    (path: string): string | undefined =>
      texts[path];
  const namesIn = (environment: Readonly<Record<string, string>>, texts: Readonly<Record<string, string>>) =>
    readSettings({ ...least, ...environment }, files(texts)).sources.map(({ name }) => name);

  it('they are read from inventory.json, or from the file that is named, and there are none without', () => {
    expect(namesIn({}, { 'inventory.json': inventory })).toEqual(['gitops']);
    expect(namesIn({ ACR_AUDIT_INVENTORY: '' }, { 'inventory.json': inventory })).toEqual(['gitops']);
    const other = inventory.replace('gitops', 'compose');
    const both = { 'inventory.json': inventory, 'other.json': other };
    expect(namesIn({ ACR_AUDIT_INVENTORY: 'other.json' }, both)).toEqual(['compose']);
    expect(namesIn({}, {})).toEqual([]);
  });

  it.each<readonly [string, string, readonly RegExp[]]>([
    ['is no JSON', '{', [/^inventory\.json: /]],
    [
      'has several problems',
      '{"sources": [{"type": "submitted"}]}',
      [/^inventory\.json: version is missing/, /^inventory\.json: sources\.0\.name is missing/],
    ],
  ])('a file that %s keeps the app from starting, with every problem', (_, text, expected) => {
    const problems = problemsOf(least, files({ 'inventory.json': text }));
    expect(problems).toEqual(expected.map((problem) => expect.stringMatching(problem)));
  });

  it('a file that is named and not there keeps the app from starting: nothing would count as used', () => {
    const asked = { ...least, ACR_AUDIT_INVENTORY: 'other.json' };
    expect(problemsOf(asked, files({ 'inventory.json': inventory }))).toEqual([
      'ACR_AUDIT_INVENTORY names other.json, which is not there',
    ]);
  });

  it('problems of the policy and of the inventory are told together', () => {
    const problems = problemsOf(least, files({ 'inventory.json': '{', 'policy.json': '{' }));
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'inventory.json:',
      'policy.json:',
    ]);
  });
});

describe('when Azure Resource Manager is of another cloud', () => {
  const endpointOf = (text: string, more: Readonly<Record<string, string>> = {}) =>
    readSettings({ ...least, ...more, ACR_AUDIT_ARM_ENDPOINT: text }).armEndpoint;

  it.each([
    'https://management.usgovcloudapi.net',
    'https://management.usgovcloudapi.net/',
    ' https://Management.usgovcloudapi.net\n',
  ])('%j is its address, without a path', (text) => {
    expect(endpointOf(text)).toBe('https://management.usgovcloudapi.net');
  });

  it('and not told, it is that of Azure', () => {
    expect(readSettings(least).armEndpoint).toBeUndefined();
    expect(endpointOf('')).toBeUndefined();
  });

  it.each([
    'management.usgovcloudapi.net',
    'http://management.usgovcloudapi.net',
    'https://management.usgovcloudapi.net/subscriptions',
    'https://management.usgovcloudapi.net/?api-version=1',
    'https://user:password@management.usgovcloudapi.net',
    'http://127.0.0.1:9000',
    'data:text/plain,none',
  ])('%j is refused, and not repeated', (ACR_AUDIT_ARM_ENDPOINT) => {
    expect(problemsOf({ ...least, ACR_AUDIT_ARM_ENDPOINT })).toEqual([
      'ACR_AUDIT_ARM_ENDPOINT is not an https address such as https://management.azure.com',
    ]);
  });

  it.each(['http://127.0.0.1:9000', 'http://localhost:9000/', 'http://[::1]:9000'])(
    '%j stands in for it while developing',
    (text) => {
      expect(endpointOf(text, { ACR_AUDIT_AUTH: 'development' })).toBe(text.replace(/\/$/, ''));
    },
  );

  it.each([
    'http://management.usgovcloudapi.net',
    'http://localhost.contoso.com',
    'http://127.0.0.1.contoso.com',
  ])('%j is not on this machine, and refused also while developing', (ACR_AUDIT_ARM_ENDPOINT) => {
    const environment = { ...least, ACR_AUDIT_ARM_ENDPOINT, ACR_AUDIT_AUTH: 'development' };
    expect(problemsOf(environment)).toHaveLength(1);
  });
});

describe('the key of pseudonyms', () => {
  const secret = Buffer.alloc(32, 7).toString('base64');
  const secretId = `https://contoso.vault.azure.net/secrets/privacy/${'0123456789abcdef'.repeat(2)}`;
  const policyWith = (privacy: object) =>
    JSON.stringify({
      version: 1,
      registries: ['contoso\\.azurecr\\.io'],
      environments: [{ name: 'production' }],
      repositories: [{ repositories: 'team/.*', environments: ['production'] }],
      privacy,
    });
  const read = (more: Readonly<Record<string, string>>, texts: Readonly<Record<string, string>>) =>
    readSettings({ ...least, ...more }, (path) => texts[path]);
  const problemsOf = (more: Readonly<Record<string, string>>, texts: Readonly<Record<string, string>>) => {
    try {
      read(more, texts);
    } catch (error) {
      if (error instanceof SettingsError) return error.problems;
    }
    return [];
  };

  it('when a file has it, is read, white space around it passed over', () => {
    const file = { ACR_AUDIT_PRIVACY_KEY_FILE: 'privacy.key' };
    const { privacyKey } = read(file, { 'privacy.key': `${secret}\n` });
    expect(privacyKey).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{8}$/) });
  });

  it('when a secret has it, is its identifier', () => {
    expect(read({ ACR_AUDIT_PRIVACY_KEY_SECRET: secretId }, {}).privacyKey).toEqual({ secretId });
  });

  it.each([{ hashAddresses: true }, { hashActors: true }])(
    'when a policy wants %j and there is none, nothing starts',
    (privacy) => {
      const texts = { 'policy.json': policyWith(privacy) };
      expect(problemsOf({}, texts)).toEqual([
        expect.stringMatching(/^ACR_AUDIT_PRIVACY_KEY_FILE or .* is missing/),
      ]);
      expect(read({ ACR_AUDIT_PRIVACY_KEY_SECRET: secretId }, texts).policy?.privacy).toMatchObject(privacy);
    },
  );

  it('when a policy wants nothing of it, none is needed', () => {
    expect(read({}, { 'policy.json': policyWith({}) }).privacyKey).toBeUndefined();
  });

  it.each([
    ['is not there', { ACR_AUDIT_PRIVACY_KEY_FILE: 'none.key' }],
    ['is too short', { ACR_AUDIT_PRIVACY_KEY_FILE: 'short.key' }],
    ['is no Base64', { ACR_AUDIT_PRIVACY_KEY_FILE: 'words.key' }],
    ['has two places', { ACR_AUDIT_PRIVACY_KEY_FILE: 'good.key', ACR_AUDIT_PRIVACY_KEY_SECRET: secretId }],
    ['has no version', { ACR_AUDIT_PRIVACY_KEY_SECRET: secretId.replace(/\/[^/]*$/, '') }],
    ['goes unencrypted', { ACR_AUDIT_PRIVACY_KEY_SECRET: secretId.replace('https', 'http') }],
  ])('when it %s, nothing starts, and nothing of it is told', (_, more) => {
    const texts = {
      'good.key': secret,
      'short.key': Buffer.alloc(31, 7).toString('base64'),
      'words.key': 'a secret that is made of words, and no Base64 at all',
    };
    const problems = problemsOf(more, texts);
    expect(problems).toHaveLength(1);
    for (const text of Object.values(texts)) expect(problems[0]).not.toContain(text);
  });
});
