import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closureOf, gapsOf, type ManifestNode, type Referrer } from '../../../src/protection/closure.ts';
import { referrerKind, subjectOfTag } from '../../../src/protection/referrer-kind.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import { digestOf } from '../../builders/registry-event.ts';

const index = digestOf('index');
const amd64 = digestOf('amd64');
const arm64 = digestOf('arm64');
const nested = digestOf('nested');
const sbom = digestOf('sbom');

function read(children: readonly Digest[] = [], referrers: readonly Referrer[] = []): ManifestNode {
  return { state: 'read', children, referrers };
}

function graphOf(
  manifests: readonly (readonly [Digest, ManifestNode])[],
  tags: readonly (readonly [string, Digest])[] = [],
) {
  return { manifests: new Map(manifests), tags: new Map(tags) };
}

function digestsOf(root: Digest, graph: ReturnType<typeof graphOf>): readonly Digest[] {
  return closureOf(root, graph).members.map(({ digest }) => digest);
}

describe('closureOf', () => {
  it('when an index lists an index, has the children of both', () => {
    const graph = graphOf([
      [index, read([nested, amd64])],
      [nested, read([arm64])],
      [amd64, read()],
      [arm64, read()],
    ]);
    expect(closureOf(index, graph)).toEqual({
      whole: true,
      root: index,
      members: [
        { digest: index, role: 'root', needs: [nested, amd64] },
        { digest: nested, role: 'child', needs: [arm64] },
        { digest: amd64, role: 'child', needs: [] },
        { digest: arm64, role: 'child', needs: [] },
      ],
    });
  });

  it('when signatures and bills of materials are attached, to any part, they belong to it, and theirs too', () => {
    const signature = digestOf('signature');
    const graph = graphOf([
      [
        index,
        read([amd64], [{ digest: digestOf('readme'), artifactType: 'application/vnd.contoso.readme' }]),
      ],
      [amd64, read([], [{ digest: sbom, artifactType: 'application/spdx+json' }])],
      [sbom, read([], [{ digest: signature, artifactType: 'application/vnd.cncf.notary.signature' }])],
      [signature, read()],
    ]);
    expect(digestsOf(index, graph)).toEqual([index, amd64, sbom, signature]);
  });

  it("when cosign's tags or the referrers tag name it, what they point to belongs to it", () => {
    const tagOf = (suffix: string) => `${index.replace(':', '-')}${suffix}`;
    const names = ['sig', 'att', 'bom', 'list', 'listed'].map(digestOf);
    const [sig = index, att = index, bom = index, list = index, listed = index] = names;
    const graph = graphOf(
      [
        [index, read()],
        [list, read([listed])],
        ...[sig, att, bom, listed].map((digest) => [digest, read()] as const),
      ],
      [
        [tagOf('.sig'), sig],
        [tagOf('.att'), att],
        [tagOf('.sbom'), bom],
        [tagOf(''), list],
        ['v1', digestOf('other')],
        ['sha256-abc.sig', digestOf('other')],
      ],
    );
    const closure = closureOf(index, graph);
    expect(closure.whole).toBe(true);
    expect(new Set(digestsOf(index, graph))).toEqual(new Set([index, ...names]));
  });

  it('when several tags are about one manifest, what they point to comes in the order of their names, as referrers', () => {
    const [sig, att] = [digestOf('sig'), digestOf('att')];
    const manifests = [index, sig, att].map((digest) => [digest, read()] as const);
    const tags = [
      [`${index.replace(':', '-')}.sig`, sig],
      [`${index.replace(':', '-')}.att`, att],
    ] as const;
    for (const told of [tags, tags.toReversed()]) {
      expect(closureOf(index, graphOf(manifests, told)).members).toEqual([
        { digest: index, role: 'root', needs: [att, sig] },
        { digest: att, role: 'referrer', needs: [] },
        { digest: sig, role: 'referrer', needs: [] },
      ]);
    }
  });

  it.each([
    ['was never read', undefined, { reason: 'unreadable', detail: 'was not read' }],
    [
      'could not be read',
      { state: 'unreadable', reason: '503' } as const,
      { reason: 'unreadable', detail: '503' },
    ],
    ['is not there', { state: 'missing' } as const, { reason: 'missing' }],
    [
      'was read without its referrers',
      { state: 'read', children: [] } as const,
      { reason: 'referrers-unlisted' },
    ],
  ])('when a child %s (F1), the closure is partial and says so', (_, node, gap) => {
    const graph = graphOf([
      [index, read([amd64, arm64])],
      [arm64, read()],
      ...(node ? [[amd64, node] as const] : []),
    ]);
    expect(closureOf(index, graph)).toMatchObject({ whole: false });
    expect(gapsOf(closureOf(index, graph))).toEqual([{ digest: amd64, ...gap }]);
    expect(digestsOf(index, graph)).toEqual([index, amd64, arm64]);
  });

  it('when manifests list one another, ends', () => {
    const graph = graphOf([
      [index, read([nested, index])],
      [nested, read([index, amd64, amd64])],
      [amd64, read()],
    ]);
    const closure = closureOf(index, graph);
    expect(closure.whole).toBe(true);
    expect(digestsOf(index, graph)).toEqual([index, nested, amd64]);
  });

  it('when it is deeper or larger than may be, is cut and partial', () => {
    const chain = Array.from({ length: 20 }, (_, depth) => digestOf(`d${depth}`));
    const graph = graphOf(chain.map((digest, depth) => [digest, read(chain.slice(depth + 1, depth + 2))]));
    const [first = index] = chain;
    expect(gapsOf(closureOf(first, graph, { depth: 5, members: 100 }))).toEqual([
      { digest: chain[5], reason: 'too-deep' },
    ]);
    const wide = graphOf([[index, read(chain)], ...chain.map((digest) => [digest, read()] as const)]);
    const cut = closureOf(index, wide, { depth: 5, members: 10 });
    expect(cut.members).toHaveLength(10);
    expect(gapsOf(cut)).toEqual([{ digest: index, reason: 'too-many' }]);
  });

  it('when nobody says how deep or large it may be, it ends eight steps from its root, and at 5000 members', () => {
    const many = Array.from({ length: 5_001 }, (_, name) => digestOf(`m${name}`));
    const [first = index, ...others] = many;
    const chain = graphOf(many.slice(0, 20).map((digest, at) => [digest, read(many.slice(at + 1, at + 2))]));
    expect(closureOf(first, chain).members).toHaveLength(9);
    expect(gapsOf(closureOf(first, chain))).toEqual([{ digest: many[8], reason: 'too-deep' }]);
    const wide = graphOf([[first, read(others)], ...others.map((digest) => [digest, read()] as const)]);
    expect(closureOf(first, wide).members).toHaveLength(5_000);
    expect(gapsOf(closureOf(first, wide))).toEqual([{ digest: first, reason: 'too-many' }]);
  });

  it('when any graph is given, whatever a member needs is a member, and whole means that all was read', () => {
    const digests = Array.from({ length: 8 }, (_, name) => digestOf(`n${name}`));
    const some = fc.uniqueArray(fc.constantFrom(...digests), { maxLength: 4 });
    const node: fc.Arbitrary<ManifestNode> = fc.oneof(
      { weight: 6, arbitrary: some.map((children) => read(children)) },
      {
        weight: 2,
        arbitrary: some.map((referrers) =>
          read(
            [],
            referrers.map((digest) => ({ digest })),
          ),
        ),
      },
      { weight: 1, arbitrary: fc.constant<ManifestNode>({ state: 'missing' }) },
    );
    fc.assert(
      fc.property(fc.array(node, { minLength: 8, maxLength: 8 }), fc.nat({ max: 9 }), (nodes, bound) => {
        const graph = graphOf(
          nodes.flatMap((found, at) => digests.slice(at, at + 1).map((digest) => [digest, found] as const)),
        );
        const [root = index] = digests;
        const closure = closureOf(root, graph, { depth: bound, members: bound + 1 });
        const members = new Set(closure.members.map(({ digest }) => digest));
        expect(closure.members).toHaveLength(members.size);
        expect(members.size).toBeLessThanOrEqual(bound + 1);
        for (const { needs } of closure.members)
          for (const digest of needs) expect(members).toContain(digest);
        if (closure.whole) {
          for (const { digest, needs } of closure.members) {
            const found = graph.manifests.get(digest);
            expect(found).toMatchObject({ state: 'read' });
            if (found?.state === 'read') {
              expect(needs).toEqual([
                ...found.children,
                ...(found.referrers ?? []).map((other) => other.digest),
              ]);
            }
          }
        }
      }),
    );
  });
});

describe('referrerKind', () => {
  it.each([
    ['application/vnd.cncf.notary.signature', 'signature'],
    ['application/vnd.dev.cosign.artifact.sig.v1+json', 'signature'],
    ['application/vnd.dev.sigstore.bundle.v0.3+json', 'signature'],
    ['application/spdx+json', 'sbom'],
    ['application/vnd.cyclonedx+json', 'sbom'],
    ['application/vnd.in-toto+json', 'attestation'],
    ['Application/VND.IN-TOTO+json', 'attestation'],
    ['application/vnd.contoso.readme', 'other'],
    ['application/design', 'other'],
    ['', 'unknown'],
    [undefined, 'unknown'],
  ])('when the artifact type is %s, says %s', (type, kind) => expect(referrerKind(type)).toBe(kind));
});

describe('subjectOfTag', () => {
  it.each([`${index.replace(':', '-')}.sig`, index.replace(':', '-')])(
    'when the tag is %s, knows its subject',
    (tag) => {
      expect(subjectOfTag(tag)).toBe(index);
    },
  );

  it.each([
    'latest',
    'sha256-abc.sig',
    `${index.replace(':', '-')}.zip`,
    `x${index.replace(':', '-')}`,
    `sha512-${'a'.repeat(64)}`,
  ])('when the tag is %s, it is about nothing', (tag) => expect(subjectOfTag(tag)).toBeUndefined());
});
