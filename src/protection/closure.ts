import type { Digest } from '../registry/digest.ts';
import { referrerKind, subjectOfTag } from './referrer-kind.ts';

/** A manifest that names another as its subject. */
export interface Referrer {
  readonly digest: Digest;
  /** As registries list it: the artifact type, or the configuration's media type. */
  readonly artifactType?: string;
}

/** What is known of one manifest. */
export type ManifestNode =
  | {
      readonly state: 'read';
      /** Digests an index lists; none for an image. */
      readonly children: readonly Digest[];
      /** What names it as subject; absent when that could not be asked, which is not the same as none. */
      readonly referrers?: readonly Referrer[];
    }
  /** The registry says that it has no such manifest. */
  | { readonly state: 'missing' }
  | { readonly state: 'unreadable'; readonly reason: string };

/** What is known of a repository's manifests. A digest that is not in it was never read. */
export interface ManifestGraph {
  readonly manifests: ReadonlyMap<Digest, ManifestNode>;
  /** What tags point to: those of cosign's scheme and of the referrers tag schema are followed. */
  readonly tags: ReadonlyMap<string, Digest>;
}

/** A manifest of a closure. */
export interface ClosureMember {
  readonly digest: Digest;
  readonly role: 'root' | 'child' | 'referrer';
  /** Members it is not whole without: its children, and what signs, lists or attests it. */
  readonly needs: readonly Digest[];
}

/** Why something is, or may be, missing from a closure. */
export interface ClosureGap {
  readonly digest: Digest;
  readonly reason: 'missing' | 'unreadable' | 'referrers-unlisted' | 'too-deep' | 'too-many';
  readonly detail?: string;
}

/**
 * What has to exist for a digest to be whole: itself, an index's children, their children, and the signatures, bills of
 * materials and attestations of each. `whole` only when nothing was left unread; a partial one is no smaller closure.
 */
export type Closure =
  | { readonly whole: true; readonly root: Digest; readonly members: readonly ClosureMember[] }
  | {
      readonly whole: false;
      readonly root: Digest;
      readonly members: readonly ClosureMember[];
      readonly gaps: readonly ClosureGap[];
    };

/** What bounds a closure, so that a hostile index cannot make it endless. */
export interface ClosureBounds {
  /** Steps from the root. */
  readonly depth: number;
  readonly members: number;
}

const defaultBounds: ClosureBounds = { depth: 8, members: 5_000 };

/** The closure of a digest in what is known. Cycles end it. Never throws. */
export function closureOf(
  root: Digest,
  graph: ManifestGraph,
  bounds: ClosureBounds = defaultBounds,
): Closure {
  const tagged = taggedReferrers(graph.tags);
  const members = new Map<Digest, ClosureMember>();
  const gaps: ClosureGap[] = [];
  let level: readonly Found[] = [{ digest: root, role: 'root' }];
  const seen = new Set<Digest>([root]);
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: Found[] = [];
    for (const { digest, role } of level) {
      const { needed, gap } = lookAt(digest, graph, tagged.get(digest) ?? []);
      if (gap !== undefined) gaps.push(gap);
      const needs: Digest[] = [];
      for (const found of needed) {
        if (!seen.has(found.digest)) {
          const excess =
            depth >= bounds.depth ? 'too-deep' : seen.size >= bounds.members ? 'too-many' : undefined;
          if (excess !== undefined) {
            gaps.push({ digest, reason: excess });
            break;
          }
          seen.add(found.digest);
          next.push(found);
        }
        needs.push(found.digest);
      }
      members.set(digest, { digest, role, needs: [...new Set(needs)] });
    }
    level = next;
  }
  const all = [...members.values()];
  return gaps.length === 0 ? { whole: true, root, members: all } : { whole: false, root, members: all, gaps };
}

/** The gaps of a closure; none when it is whole. */
export function gapsOf(closure: Closure): readonly ClosureGap[] {
  return closure.whole ? [] : closure.gaps;
}

type Found = Pick<ClosureMember, 'digest' | 'role'>;

function lookAt(
  digest: Digest,
  { manifests }: ManifestGraph,
  tagged: readonly Digest[],
): { readonly needed: readonly Found[]; readonly gap?: ClosureGap } {
  const node = manifests.get(digest);
  const byTag = tagged.map(asReferrer);
  if (node === undefined) {
    return { needed: byTag, gap: { digest, reason: 'unreadable', detail: 'was not read' } };
  }
  if (node.state === 'missing') return { needed: byTag, gap: { digest, reason: 'missing' } };
  if (node.state === 'unreadable') {
    return { needed: byTag, gap: { digest, reason: 'unreadable', detail: node.reason } };
  }
  const children = node.children.map((child): Found => ({ digest: child, role: 'child' }));
  const listed = (node.referrers ?? [])
    .filter(({ artifactType }) => referrerKind(artifactType) !== 'other')
    .map((found) => asReferrer(found.digest));
  const needed = [...children, ...listed, ...byTag];
  return node.referrers === undefined
    ? { needed, gap: { digest, reason: 'referrers-unlisted' } }
    : { needed };
}

function asReferrer(digest: Digest): Found {
  return { digest, role: 'referrer' };
}

/** What tags say is about a digest. */
function taggedReferrers(tags: ReadonlyMap<string, Digest>): ReadonlyMap<Digest, readonly Digest[]> {
  const bySubject = new Map<Digest, Digest[]>();
  for (const [tag, digest] of [...tags].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const subject = subjectOfTag(tag);
    if (subject !== undefined) bySubject.set(subject, [...(bySubject.get(subject) ?? []), digest]);
  }
  return bySubject;
}
