import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOf, mediaTypes, prepareImage, pushImage, sampleIndex } from './image.ts';
import { type CallOptions, openTestRegistry, type TestRegistry } from './test-registry.ts';

/** One request of a client, and what the client needs in the answer. */
interface Step {
  readonly send: readonly [method: string, path: string, options?: CallOptions];
  readonly status: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly json?: Readonly<Record<string, unknown>>;
  /** Remembers a text of the answer under a name: `{name}` in a later step stands for it. */
  readonly keep?: Readonly<Record<string, RegExp>>;
}

const form = (fields: Readonly<Record<string, string>>): CallOptions => ({
  as: 'none',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('&'),
});
const bearer: CallOptions = { as: { token: '{access}' } };
const anonymous: CallOptions = { as: 'none' };
const keepAccess = { access: /"access_token":"([^"]+)"/ };
const keepRefresh = { refresh: /"refresh_token":"([^"]+)"/ };
const bearerChallenge = expect.stringMatching(
  /^Bearer realm="https:\/\/localhost:\d+\/oauth2\/token",service="/,
);

describe('when real clients talk to the registry', () => {
  let registry: TestRegistry;
  let digest: string;

  beforeAll(async () => {
    registry = await openTestRegistry();
    digest = await pushImage(registry, 'team/app', 'v1');
    await pushImage(registry, 'team/app', 'v2', { content: 'second' });
  });
  afterAll(() => registry.dispose());

  async function replay(steps: readonly Step[], known: Readonly<Record<string, string>> = {}): Promise<void> {
    const kept = new Map(Object.entries({ host: registry.loginServer, digest, ...known }));
    const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (all, name) => kept.get(name) ?? all);
    for (const [number, step] of steps.entries()) {
      const [method, path, options = {}] = step.send;
      const { as, body } = options;
      const answer = await registry.call(method, fill(path), {
        ...options,
        ...(typeof as === 'object' && 'token' in as ? { as: { token: fill(as.token) } } : {}),
        ...(typeof body === 'string' ? { body: fill(body) } : {}),
      });
      expect({ number, status: answer.status }).toEqual({ number, status: step.status });
      expect(answer.headers).toMatchObject(step.headers ?? {});
      if (step.json !== undefined) {
        expect(answer.json).toMatchObject(step.json);
      }
      for (const [name, pattern] of Object.entries(step.keep ?? {})) {
        const source = `${answer.bytes.toString()}\n${JSON.stringify(answer.headers)}`;
        kept.set(name, String(pattern.exec(source)?.[1]));
      }
    }
  }

  const login = (scope: string): readonly Step[] => [
    {
      send: ['GET', '/v2/', anonymous],
      status: 401,
      headers: { 'www-authenticate': bearerChallenge },
    },
    { send: ['GET', '/v2/', anonymous], status: 401 },
    {
      send: [
        'POST',
        '/oauth2/exchange',
        form({
          grant_type: 'access_token',
          service: '{host}',
          tenant: '00000000-0000-0000-0000-000000000000',
          access_token: 'any',
        }),
      ],
      status: 200,
      keep: keepRefresh,
    },
    {
      send: [
        'POST',
        '/oauth2/token',
        form({ grant_type: 'refresh_token', service: '{host}', scope, refresh_token: '{refresh}' }),
      ],
      status: 200,
      keep: keepAccess,
    },
  ];

  it('Azure CLI: lists repositories', () =>
    replay([
      ...login('registry:catalog:*'),
      {
        send: ['GET', '/v2/_catalog?n=100', bearer],
        status: 200,
        json: { repositories: expect.arrayContaining(['team/app']) },
      },
    ]));

  it('Azure CLI: shows tags with details, page by page, keeping only the query of the link', () =>
    replay([
      ...login('repository:team/app:metadata_read'),
      {
        send: ['GET', '/acr/v1/team/app/_tags?n=1&orderby=timedesc', bearer],
        status: 200,
        headers: { link: expect.stringMatching(/\?last=\w+&n=1&orderby=timedesc>; rel="next"$/) },
        keep: { query: /_tags\?(last=\w+&n=1&orderby=timedesc)>/ },
      },
      {
        send: ['GET', '/acr/v1/team/app/_tags?{query}', bearer],
        status: 200,
        json: { registry: registry.loginServer, imageName: 'team/app', tags: [{ signed: false }] },
      },
      { send: ['GET', '/acr/v1/team/app', bearer], status: 200, json: { imageName: 'team/app' } },
      {
        send: ['GET', '/acr/v1/team/app/_manifests/{digest}', bearer],
        status: 200,
        json: { manifest: { digest, architecture: 'amd64', os: 'linux' } },
      },
    ]));

  it('Azure CLI: locks, is refused to untag, unlocks and untags', async () => {
    await pushImage(registry, 'az/locked', 'v1');
    const patch = (body: string): CallOptions => ({
      ...bearer,
      body,
      headers: { 'Content-Type': 'application/json' },
    });
    const path = '/acr/v1/az/locked/_tags/v1';
    await replay([
      ...login('repository:az/locked:metadata_write,metadata_read'),
      {
        send: ['PATCH', path, patch('{"deleteEnabled":false,"writeEnabled":false}')],
        status: 200,
        json: { tag: { changeableAttributes: { deleteEnabled: false, writeEnabled: false } } },
      },
      ...login('repository:az/locked:delete,metadata_read'),
      {
        send: ['DELETE', path, bearer],
        status: 405,
        headers: { 'x-ms-correlation-request-id': expect.any(String) },
        json: { errors: [{ code: 'REGISTRY_DISALLOWED_OPERATION' }] },
      },
      ...login('repository:az/locked:metadata_write,metadata_read'),
      { send: ['PATCH', path, patch('{"deleteEnabled":true,"writeEnabled":true}')], status: 200 },
      ...login('repository:az/locked:delete'),
      { send: ['DELETE', path, bearer], status: 202 },
    ]);
  });

  it('Azure CLI with a user name and password', () =>
    replay([
      {
        send: [
          'POST',
          '/oauth2/token',
          form({
            grant_type: 'password',
            service: '{host}',
            username: registry.username,
            password: registry.password,
            scope: 'repository:team/app:metadata_read',
          }),
        ],
        status: 200,
        keep: keepAccess,
      },
      { send: ['GET', '/acr/v1/team/app/_tags/v1', bearer], status: 200 },
    ]));

  it('Azure CLI: deletes a repository', async () => {
    await pushImage(registry, 'az/deleted', 'v1');
    await replay([
      ...login('repository:az/deleted:delete'),
      {
        send: ['DELETE', '/acr/v1/az/deleted', bearer],
        status: 202,
        json: { manifestsDeleted: [expect.any(String)], tagsDeleted: ['v1'] },
      },
      { send: ['DELETE', '/acr/v1/az/deleted', bearer], status: 404 },
    ]);
  });

  it('acr-cli: lists with a password on every request until a page is empty', () =>
    replay(
      [
        { send: ['GET', '/v2/_catalog?n=100'], status: 200, keep: { last: /"([^"]+)"\]/ } },
        { send: ['GET', '/v2/_catalog?n=100&last={last}'], status: 200, json: { repositories: [] } },
        {
          send: ['GET', '/acr/v1/team%2Fapp/_tags?n=100&orderby=timedesc'],
          status: 200,
          json: {
            tags: [
              { changeableAttributes: { deleteEnabled: true, writeEnabled: true } },
              { changeableAttributes: { deleteEnabled: true, writeEnabled: true } },
            ],
          },
        },
        { send: ['GET', '/acr/v1/team%2Fapp/_tags?n=100&last=v2'], status: 200, json: { tags: null } },
        { send: ['GET', '/acr/v1/team%2Fapp/_manifests?n=100'], status: 200 },
        { send: ['GET', '/acr/v1/team%2Fapp/_manifests/sha256%3A{hex}'], status: 200 },
      ],
      { hex: digest.slice('sha256:'.length) },
    ));

  it('acr-cli: purges with a token', async () => {
    const purged = await pushImage(registry, 'acr-cli/purged', 'old');
    await replay(
      [
        ...login('repository:acr-cli/purged:* registry:catalog:*'),
        { send: ['GET', '/acr/v1/acr-cli%2Fpurged/_tags?n=100&orderby=timedesc', bearer], status: 200 },
        { send: ['DELETE', '/acr/v1/acr-cli%2Fpurged/_tags/old', bearer], status: 202 },
        {
          send: ['GET', '/acr/v1/acr-cli%2Fpurged/_manifests?n=100', bearer],
          status: 200,
          json: { manifests: [{ digest: purged }] },
        },
        { send: ['GET', '/v2/acr-cli/purged/manifests/{purged}', bearer], status: 200 },
        { send: ['DELETE', '/v2/acr-cli/purged/manifests/{purged}', bearer], status: 202 },
      ],
      { purged },
    );
  });

  it('skopeo: pushes an image with chunked uploads, then inspects, lists and deletes it', async () => {
    const manifest = await prepareImage(registry, 'skopeo/prepared', { content: 'skopeo' });
    const { config, layers } = JSON.parse(manifest.text);
    const configText = (await registry.call('GET', `/v2/skopeo/prepared/blobs/${config.digest}`)).bytes;
    const token = (actions: string): Step => ({
      send: [
        'GET',
        `/oauth2/token?account=local&scope=repository%3Askopeo%2Fapp%3A${actions}&service={host}`,
      ],
      status: 200,
      keep: keepAccess,
    });
    const upload = (blobDigest: string, content: string | Buffer): readonly Step[] => [
      { send: ['HEAD', `/v2/skopeo/app/blobs/${blobDigest}`, bearer], status: 404 },
      {
        send: ['POST', '/v2/skopeo/app/blobs/uploads/', bearer],
        status: 202,
        keep: { location: /"location":"([^"]+)"/ },
      },
      {
        send: [
          'PATCH',
          '{location}',
          { ...bearer, body: content, headers: { 'Transfer-Encoding': 'chunked' } },
        ],
        status: 202,
        keep: { location: /"location":"([^"]+)"/ },
      },
      { send: ['PUT', `{location}?digest=${encodeURIComponent(blobDigest)}`, bearer], status: 201 },
      { send: ['HEAD', `/v2/skopeo/app/blobs/${blobDigest}`, bearer], status: 200 },
    ];
    await replay([
      { send: ['GET', '/v2/', anonymous], status: 401, headers: { 'www-authenticate': bearerChallenge } },
      token('pull%2Cpush'),
      ...upload(layers[0].digest, 'skopeo'),
      ...upload(config.digest, configText),
      {
        send: [
          'PUT',
          '/v2/skopeo/app/manifests/v1',
          { ...bearer, body: manifest.text, headers: { 'Content-Type': mediaTypes.manifest } },
        ],
        status: 201,
        headers: { 'docker-content-digest': manifest.descriptor.digest },
      },
      token('pull'),
      {
        send: ['GET', '/v2/skopeo/app/manifests/v1', bearer],
        status: 200,
        headers: { 'content-type': mediaTypes.manifest },
      },
      { send: ['GET', '/v2/skopeo/app/tags/list', bearer], status: 200, json: { tags: ['v1'] } },
      token('*'),
      {
        send: ['DELETE', `/v2/skopeo/app/manifests/${manifest.descriptor.digest}`, bearer],
        status: 202,
      },
    ]);
  });

  it('crane: copies an image by mounting its blobs', async () => {
    const manifest = await prepareImage(registry, 'crane/source', { content: 'crane' });
    const { layers } = JSON.parse(manifest.text);
    await replay([
      { send: ['GET', '/v2/', anonymous], status: 401, headers: { 'www-authenticate': bearerChallenge } },
      {
        send: [
          'GET',
          '/oauth2/token?scope=repository:crane/target:push,pull&scope=repository:crane/source:pull&service={host}',
        ],
        status: 200,
        keep: keepAccess,
      },
      {
        send: [
          'POST',
          `/v2/crane/target/blobs/uploads/?mount=${layers[0].digest}&from=crane/source&origin={host}`,
          bearer,
        ],
        status: 201,
      },
      {
        send: ['GET', '/oauth2/token?scope=repository:crane/target:push,pull&service={host}'],
        status: 200,
        keep: keepAccess,
      },
      {
        send: ['POST', `/v2/crane/target/blobs/uploads/?mount=${layers[0].digest}&from=crane/source`, bearer],
        status: 202,
      },
      { send: ['GET', '/v2/_catalog?n=1000'], status: 200 },
    ]);
  });

  it('oras: is challenged call by call, uploads whole blobs and attaches a referrer', async () => {
    const config = '{}';
    const subject = { mediaType: mediaTypes.manifest, digest, size: 1 };
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: 'application/spdx+json',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(config), size: 2 },
      layers: [],
      subject,
    });
    await replay([
      {
        send: ['HEAD', '/v2/team/app/manifests/v1', anonymous],
        status: 401,
        headers: { 'www-authenticate': expect.stringContaining('scope="repository:team/app:pull"') },
      },
      {
        send: ['GET', '/oauth2/token?scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service={host}'],
        status: 200,
        keep: keepAccess,
      },
      { send: ['HEAD', '/v2/team/app/manifests/v1', bearer], status: 200 },
      {
        send: ['POST', '/v2/team/app/blobs/uploads/', bearer],
        status: 202,
        keep: { location: /"location":"([^"]+)"/ },
      },
      {
        send: [
          'PUT',
          `{location}?digest=${encodeURIComponent(digestOf(config))}`,
          { ...bearer, body: config },
        ],
        status: 201,
      },
      {
        send: [
          'PUT',
          `/v2/team/app/manifests/${digestOf(manifest)}`,
          { ...bearer, body: manifest, headers: { 'Content-Type': mediaTypes.manifest } },
        ],
        status: 201,
        headers: { 'oci-subject': digest },
      },
      {
        send: ['GET', '/v2/team/app/referrers/{digest}?artifactType=application%2Fspdx%2Bjson', bearer],
        status: 200,
        headers: { 'oci-filters-applied': 'artifactType' },
        json: { manifests: [{ digest: digestOf(manifest), artifactType: 'application/spdx+json' }] },
      },
    ]);
  });

  it('conformance suite: pushes children by digest first and the index by tag last', async () => {
    const child = await prepareImage(registry, 'suite/app', { content: 'child' });
    const index = sampleIndex([child.descriptor]);
    await replay([
      {
        send: [
          'PUT',
          `/v2/suite/app/manifests/${child.descriptor.digest}`,
          { body: child.text, headers: { 'Content-Type': mediaTypes.manifest } },
        ],
        status: 201,
        headers: { location: expect.stringContaining(child.descriptor.digest) },
      },
      {
        send: [
          'PUT',
          '/v2/suite/app/manifests/latest',
          { body: index.text, headers: { 'Content-Type': mediaTypes.index } },
        ],
        status: 201,
      },
      { send: ['GET', '/v2/suite/app/tags/list?n=1'], status: 200, json: { tags: ['latest'] } },
      { send: ['GET', '/v2/suite/app/manifests/absent'], status: 404 },
      { send: ['HEAD', '/v2/suite/app/manifests/absent'], status: 404 },
    ]);
  });
});
