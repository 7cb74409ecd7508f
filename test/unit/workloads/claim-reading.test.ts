import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readPattern } from '../../../src/registry/pattern.ts';
import type { InventoryReading, ReadingProblem, ReportedClaim } from '../../../src/workloads/claim.ts';
import { claimIdentity, claimsOf } from '../../../src/workloads/claim-reading.ts';
import type { NamespaceRule, Source } from '../../../src/workloads/source.ts';
import { epoch } from '../../builders/facts.ts';
import { claimed } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const image = 'contoso.azurecr.io/team/app:prod';
const prod: Pick<Source, 'name' | 'environment' | 'rules'> = { name: 'aks-prod', rules: [] };

/** A claim with the image as it is written. */
function claimedAs(text: string, more: Partial<ReportedClaim> = {}, name = 'web'): ReportedClaim {
  return { ...claimed(image, name, more), image: text };
}

function read(reported: readonly ReportedClaim[], problems: readonly ReadingProblem[] = [], source = prod) {
  const reading: InventoryReading = { claims: reported, problems };
  return claimsOf(source, reading, epoch);
}

/** The one claim that is understood of what is reported. */
function readOne(reported: ReportedClaim, source = prod) {
  const { claims, problems } = read([reported], [], source);
  const [claim] = claims;
  if (claim === undefined || claims.length > 1) throw new Error(JSON.stringify(problems));
  return claim;
}

function ruleOf(namespaces: string, more: Omit<NamespaceRule, 'namespaces'>): NamespaceRule {
  const reading = readPattern(namespaces);
  if (!reading.ok) throw new Error(reading.problem);
  return { namespaces: reading.pattern, ...more };
}

describe('when a workload’s image is understood', () => {
  it.each([
    [image, { registry: 'contoso.azurecr.io', repository: 'team/app', tag: 'prod', isPinned: false }],
    ['Contoso.azurecr.io/team/app:prod', { registry: 'contoso.azurecr.io', repository: 'team/app' }],
    ['contoso.azurecr.io/team/app', { repository: 'team/app', tag: 'latest', isPinned: false }],
    ['localhost:5000/app:1', { registry: 'localhost:5000', repository: 'app', tag: '1' }],
    ['nginx', { registry: 'docker.io', repository: 'library/nginx', tag: 'latest' }],
    ['docker.io/nginx:1', { registry: 'docker.io', repository: 'library/nginx', tag: '1' }],
    ['docker.io.contoso.example/nginx', { registry: 'docker.io.contoso.example', repository: 'nginx' }],
    ['mydocker.io/nginx', { registry: 'mydocker.io', repository: 'nginx' }],
    ['my.index.docker.io/nginx', { registry: 'my.index.docker.io', repository: 'nginx' }],
    ['index.docker.io/bitnami/redis:7', { registry: 'docker.io', repository: 'bitnami/redis', tag: '7' }],
  ])('%s names what a container runtime would pull for it', (text, expected) => {
    const claim = readOne(claimedAs(text));
    expect(claim).toMatchObject(expected);
    expect(claim).not.toHaveProperty('digest');
    expect(claim.image).toBe(text);
  });

  it('one pinned to a digest is exact, and has a tag only where it names one', () => {
    const pinned = readOne(claimedAs(`contoso.azurecr.io/team/app@${one}`));
    expect(pinned).toMatchObject({ digest: one, isPinned: true });
    expect(pinned).not.toHaveProperty('tag');
    expect(readOne(claimedAs(`${image}@${one}`))).toMatchObject({ digest: one, isPinned: true, tag: 'prod' });
  });

  it('what was pulled makes it exact, and does not pin it', () => {
    const pulled = `docker-pullable://contoso.azurecr.io/team/app@${one}`;
    expect(readOne(claimedAs(image, { pulled }))).toMatchObject({
      digest: one,
      isPinned: false,
      tag: 'prod',
    });
  });

  it('what it is pinned to counts before what is said to be pulled', () => {
    const claim = readOne(claimedAs(`${image}@${one}`, { pulled: `contoso.azurecr.io/team/app@${two}` }));
    expect(claim.digest).toBe(one);
  });

  it('a digest is read also where the rest of what was pulled is not a reference', () => {
    expect(readOne(claimedAs(image, { pulled: `Some Thing@${one}` })).digest).toBe(one);
  });

  it.each([
    ['an image id', `docker://${one}`],
    ['an image id of a build', `sha256:${'0'.repeat(64)}`],
    ['nothing', ''],
    ['a tag', image],
    ['half a digest', 'contoso.azurecr.io/team/app@sha256:0123'],
  ])('that %s was pulled names no manifest, and makes nothing exact', (_, pulled) => {
    expect(readOne(claimedAs(image, { pulled }))).not.toHaveProperty('digest');
  });
});

describe('when a workload’s image is not understood', () => {
  it.each([
    '',
    'Team App',
    'https://contoso.azurecr.io/team/app',
    `sha256:${'0'.repeat(64)}`,
    'contoso.azurecr.io/',
  ])('as with %j, the workload is named as a problem, and the others are read', (bad) => {
    const { claims, problems } = read([claimedAs(bad), claimedAs(image, {}, 'api')]);
    expect(claims.map(({ workload }) => workload.name)).toEqual(['api']);
    expect(problems).toEqual([
      { where: 'Deployment shop web app', problem: expect.stringMatching(/^its image ".*" /) },
    ]);
  });

  it('the problem says which image, and what is wrong with it; a workload of few names is told by these', () => {
    const workload = { kind: 'Compose', name: 'web' };
    const { problems } = read([{ workload, state: 'running', image: 'Team App' }]);
    expect(problems).toEqual([
      { where: 'Compose web', problem: expect.stringMatching(/^its image "Team App" .*expected/) },
    ]);
  });

  it('its problem comes beside those of the reading', () => {
    const refused = { where: 'pods', problem: 'was refused with 403' };
    expect(read([claimedAs('Team App')], [refused]).problems).toEqual([
      refused,
      expect.objectContaining({ where: 'Deployment shop web app' }),
    ]);
  });
});

describe('when a claim says since when', () => {
  it('a time that has not come, by a clock that is ahead, is now; one before all time is the first', () => {
    expect(readOne(claimedAs(image, { since: epoch + 60_000 })).since).toBe(epoch);
    expect(readOne(claimedAs(image, { since: epoch - 60_000 })).since).toBe(epoch - 60_000);
    expect(readOne(claimedAs(image, { since: -5 })).since).toBe(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, undefined])(
    'and it is %p, nobody knows',
    (since) => {
      const claim = readOne(claimedAs(image, since === undefined ? {} : { since }));
      expect(claim).not.toHaveProperty('since');
    },
  );
});

describe('when the same claim is reported several times', () => {
  it('it is one, of the earliest time, and of nobody knows when if one says so', () => {
    const times = (...since: readonly (number | undefined)[]) =>
      read(since.map((time) => claimedAs(image, time === undefined ? {} : { since: time }))).claims.map(
        (claim) => claim.since,
      );
    expect(times(30, 10, 20)).toEqual([10]);
    expect(times(10, 30)).toEqual([10]);
    expect(times(30, undefined, 10)).toEqual([undefined]);
    expect(times(undefined, 10)).toEqual([undefined]);
  });

  it('the order of the reports does not matter, and telling them again changes nothing', () => {
    const anyClaim = fc
      .record({
        tag: fc.constantFrom('a', 'b'),
        name: fc.constantFrom('web', 'api'),
        state: fc.constantFrom('running' as const, 'desired' as const),
        since: fc.option(fc.nat(5), { nil: undefined }),
      })
      .map(({ tag, name, state, since }) =>
        claimedAs(
          `contoso.azurecr.io/team/app:${tag}`,
          { state, ...(since === undefined ? {} : { since }) },
          name,
        ),
      );
    const told = (claims: readonly ReportedClaim[]) =>
      read(claims)
        .claims.map((claim) => JSON.stringify(claim))
        .sort();
    fc.assert(
      fc.property(fc.array(anyClaim, { maxLength: 12 }), (claims) => {
        const once = told(claims);
        expect(told(claims.toReversed())).toEqual(once);
        expect(told([...claims, ...claims])).toEqual(once);
        expect(new Set(read(claims).claims.map(claimIdentity)).size).toBe(once.length);
      }),
    );
  });

  it('who answers for it, and its environment, make no other claim of it', () => {
    const base = claimedAs(image);
    const owned = { ...base, workload: { ...base.workload, owner: 'shop team', environment: 'staging' } };
    expect(read([base, owned]).claims).toHaveLength(1);
  });

  const base = claimedAs(image);
  it.each<readonly [string, ReportedClaim]>([
    ['state', { ...base, state: 'desired' }],
    ['tag', { ...base, image: 'contoso.azurecr.io/team/app:dev' }],
    ['repository', { ...base, image: 'contoso.azurecr.io/team/api:prod' }],
    ['registry', { ...base, image: 'fabrikam.azurecr.io/team/app:prod' }],
    ['digest', { ...base, pulled: `x@${one}` }],
    ['pin', { ...base, image: `${image}@${one}` }],
    ['revision', { ...base, revision: '2' }],
    ['kind', { ...base, workload: { ...base.workload, kind: 'StatefulSet' } }],
    ['name', { ...base, workload: { ...base.workload, name: 'api' } }],
    ['namespace', { ...base, workload: { ...base.workload, namespace: 'test' } }],
    ['container', { ...base, workload: { ...base.workload, container: 'sidecar' } }],
  ])('one of another %s is another claim', (_, other) => {
    expect(read([base, other]).claims).toHaveLength(2);
  });

  it('one that was pulled, and one that is pinned to the same, are two', () => {
    expect(
      read([
        { ...base, pulled: `x@${one}` },
        { ...base, image: `${image}@${one}` },
      ]).claims,
    ).toHaveLength(2);
  });
});

describe('when settings say where the workloads of a source belong', () => {
  const settings = {
    ...prod,
    environment: 'production',
    rules: [
      ruleOf('test-.*', { environment: 'staging', owner: 'testers' }),
      ruleOf('test-shop', { environment: 'never', owner: 'nobody' }),
      ruleOf('shop', { owner: 'shop team' }),
    ],
  };
  const placeOf = (namespace: string | undefined, own: { environment?: string; owner?: string } = {}) => {
    const { namespace: _, ...workload } = claimedAs(image).workload;
    const placed = { ...workload, ...own, ...(namespace === undefined ? {} : { namespace }) };
    const { environment, owner } = readOne({ ...claimedAs(image), workload: placed }, settings).workload;
    return [environment, owner];
  };

  it('the first rule that its whole namespace matches decides, then the source', () => {
    expect(placeOf('test-shop')).toEqual(['staging', 'testers']);
    expect(placeOf('shop')).toEqual(['production', 'shop team']);
    expect(placeOf('shop-two')).toEqual(['production', undefined]);
    expect(placeOf(undefined)).toEqual(['production', undefined]);
  });

  it('a workload cannot put itself elsewhere, and says who answers for it where no rule does', () => {
    expect(placeOf('shop', { environment: 'staging', owner: 'me' })).toEqual(['production', 'shop team']);
    expect(placeOf('other', { environment: 'staging', owner: 'me' })).toEqual(['production', 'me']);
  });

  it('what it says of itself counts where they say nothing', () => {
    const { workload } = claimedAs(image);
    const own = { ...claimedAs(image), workload: { ...workload, environment: 'staging', owner: 'me' } };
    expect(readOne(own).workload).toMatchObject({ environment: 'staging', owner: 'me' });
  });
});

describe('when a source says more than is believed', () => {
  it('names are cut and made safe to show, wherever they come from', () => {
    const long = `\u202e\n${'x'.repeat(2_000)}`;
    const workload = {
      kind: long,
      name: long,
      namespace: long,
      container: long,
      environment: long,
      owner: long,
    };
    const claim = readOne({ workload, state: 'running', image, revision: long });
    for (const text of [...Object.values(claim.workload), claim.revision ?? '']) {
      expect(text).toHaveLength(253);
      expect(text).not.toMatch(/[\u202e\n]/);
    }
    const { problems } = read([{ workload, state: 'running', image: long }]);
    expect(`${problems[0]?.where} ${problems[0]?.problem}`).not.toMatch(/[\u202e\n]/);
  });

  it('a revision is kept where there is one', () => {
    expect(readOne(claimedAs(image, { revision: 'web--r2' })).revision).toBe('web--r2');
    expect(readOne(claimedAs(image))).not.toHaveProperty('revision');
  });

  it('of 200,000 claims the rest is not read, and it is a problem once', () => {
    const many = Array.from({ length: 200_002 }, (_, index) => claimedAs(image, {}, `web-${index}`));
    const { claims, problems } = read(many);
    expect(claims).toHaveLength(200_000);
    expect(problems).toEqual([{ where: 'aks-prod', problem: expect.stringContaining('200000 claims') }]);
  });
});
