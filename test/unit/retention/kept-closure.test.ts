import { describe, expect, it } from '@jest/globals';
import type { Digest } from '../../../src/registry/digest.ts';
import { withReferrers } from '../../../src/retention/asked.ts';
import type { KeepReason } from '../../../src/retention/keep-reason.ts';
import { keepWhatBelongs, tagsAbout } from '../../../src/retention/kept-closure.ts';
import { relationsOf } from '../../../src/retention/manifest-reasons.ts';
import type { RetentionManifest, RetentionTag } from '../../../src/retention/repository-content.ts';
import { digestOf, imageOf, indexOf, tagOf } from '../../builders/retention-content.ts';

const about = (name: string) => ({ subject: digestOf(name) });
const of = digestOf;
const approved: KeepReason = { code: 'approved', detail: 'a1' };
const signatureTag = (name: string, kind: string) => `${digestOf(name).replace(':', '-')}${kind}`;

/** Why each manifest stays in the end, when some stay by themselves. */
function keptOf(
  manifests: readonly RetentionManifest[],
  first: Readonly<Record<string, readonly KeepReason[]>>,
  tags: readonly RetentionTag[] = [],
): ReadonlyMap<Digest, readonly KeepReason[]> {
  const relations = relationsOf(manifests);
  const reasons = new Map(Object.entries(first).map(([name, own]) => [digestOf(name), [...own]]));
  keepWhatBelongs(reasons, relations, tagsAbout(tags, relations.present));
  return reasons;
}

const named = (reasons: Readonly<Record<string, readonly KeepReason[]>>) =>
  new Map(Object.entries(reasons).map(([name, own]) => [digestOf(name), own]));

describe('what belongs to something kept', () => {
  it('is what an index lists, at any depth, each kept for the index right above it', () => {
    const manifests = [
      indexOf('top', ['nested', 'never pushed']),
      indexOf('nested', ['deep']),
      imageOf('deep'),
      imageOf('other'),
    ];
    expect(keptOf(manifests, { top: [approved] })).toEqual(
      named({
        top: [approved],
        nested: [{ code: 'part-of-kept', of: of('top') }],
        deep: [{ code: 'part-of-kept', of: of('nested') }],
      }),
    );
  });

  it('names every index that lists it, whatever else keeps it', () => {
    const manifests = [indexOf('one', ['shared']), indexOf('two', ['shared']), imageOf('shared')];
    const kept = keptOf(manifests, { one: [approved], two: [approved], shared: [approved] });
    expect(new Set(kept.get(of('shared')))).toEqual(
      new Set([approved, { code: 'part-of-kept', of: of('one') }, { code: 'part-of-kept', of: of('two') }]),
    );
  });

  it('is what signs or attests it, by its subject or by a tag, and what signs that', () => {
    const manifests = [
      imageOf('image'),
      imageOf('sbom', about('image')),
      imageOf('signature of sbom', about('sbom')),
      imageOf('signature'),
      imageOf('attestation'),
      imageOf('signature of another', about('never pushed')),
    ];
    const tags = [
      tagOf(signatureTag('image', '.sig'), 'signature'),
      tagOf(signatureTag('image', '.att'), 'attestation'),
      tagOf(signatureTag('never pushed', '.sig'), 'signature of another'),
      tagOf('v1', 'signature of another'),
    ];
    const forImage: KeepReason = { code: 'referrer-of-kept', of: of('image') };
    expect(keptOf(manifests, { image: [approved] }, tags)).toEqual(
      named({
        image: [approved],
        sbom: [forImage],
        'signature of sbom': [{ code: 'referrer-of-kept', of: of('sbom') }],
        signature: [forImage],
        attestation: [forImage],
      }),
    );
  });
});

describe('when something kept is about an image', () => {
  const manifests = [imageOf('image'), imageOf('signature', about('image'))];
  const forSignature: KeepReason = { code: 'subject-of-kept', of: of('signature') };
  const forImage: KeepReason = { code: 'referrer-of-kept', of: of('image') };

  it.each<[string, readonly KeepReason[]]>([
    ['by itself', [approved]],
    ['as everything is', []],
    ['for something else too', [{ code: 're-tagged', of: of('image') }, approved]],
    ['since what it lists and is about is run', [{ code: 'in-use', of: of('image') }]],
    ['since what it lists and is about may be run', [{ code: 'inferred-use', of: of('image') }]],
  ])('and stays %s, the image stays with it', (_, own) => {
    expect(keptOf(manifests, { signature: own })).toEqual(
      named({ image: [forSignature], signature: [...own, forImage] }),
    );
  });

  it('and stays for the sake of the image alone, neither is a reason for the other', () => {
    const reTagged: KeepReason = { code: 're-tagged', of: of('image') };
    expect(keptOf(manifests, { signature: [reTagged] })).toEqual(named({ signature: [reTagged] }));
    expect(keptOf(manifests, { image: [approved] })).toEqual(
      named({ image: [approved], signature: [forImage] }),
    );
  });

  it('that is not there, nothing more stays', () => {
    const alone = imageOf('signature', about('never pushed'));
    expect(keptOf([alone], { signature: [approved] })).toEqual(named({ signature: [approved] }));
  });
});

describe('when somebody asks for an image', () => {
  it('what is about it goes along, at any depth, and nothing else', () => {
    const relations = relationsOf([
      imageOf('image'),
      imageOf('sbom', about('image')),
      imageOf('signature', about('image')),
      imageOf('signature of sbom', about('sbom')),
      imageOf('other'),
      imageOf('signature of other', about('other')),
    ]);
    const tags = new Set(['v1']);
    expect(withReferrers({ tags, digests: new Set([of('image')]) }, relations)).toEqual({
      tags,
      digests: new Set(['image', 'sbom', 'signature', 'signature of sbom'].map(of)),
    });
  });

  it('that is not there, nothing goes along', () => {
    const relations = relationsOf([imageOf('signature', about('never pushed'))]);
    const asked = { tags: new Set<string>(), digests: new Set([of('never pushed')]) };
    expect(withReferrers(asked, relations)).toEqual(asked);
  });
});
