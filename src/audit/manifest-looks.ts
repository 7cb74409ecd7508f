import type { RepositoryId } from '../history/fact.ts';
import { type ManifestDescription, type Sighting, statedDescription } from '../history/observation.ts';
import type { Digest } from '../registry/digest.ts';
import { type Manifest, manifestKind } from '../registry/manifest.ts';
import { present } from '../registry/present.ts';
import { concurrently } from './concurrently.ts';
import { AuditFault } from './fault.ts';
import type { FoundRecords } from './found-records.ts';
import type { ManifestSeen, RegistryContent } from './registry-content.ts';

export interface ManifestLooksPorts {
  readonly content: Pick<RegistryContent, 'document'>;
  readonly known: { isChild(repository: RepositoryId, digest: Digest): Promise<boolean> };
  readonly records: Pick<FoundRecords, 'state' | 'flush'>;
}

/** Describes new manifests. */
export interface ManifestLooks {
  look(seen: ManifestSeen, when: LookedAt): Promise<void>;
  /** Resolves when every manifest looked at is described. */
  finish(): Promise<void>;
}

type LookedAt = Pick<Sighting, 'source' | 'recordedAt'>;

interface Candidate {
  readonly seen: ManifestSeen;
  readonly when: LookedAt;
}

/** Candidates held at most, before they are looked at in spite of indexes yet to come. */
const mostCandidates = 50_000;

/** Children of new indexes held at most, so that they need not be asked for. */
const mostListed = 50_000;

/** Documents read together. */
const mostAtOnce = 8;

/**
 * Describes manifests that are new to a repository. Every index is read by itself, since lists leave out what it lists;
 * so is an untagged manifest that no index lists and whose form allows for a subject: it may be a signature or an SBOM.
 * Children of an index, and tagged images, are what the list says. `onLook` is told what became of each.
 */
export function manifestLooks(
  { content, known, records }: ManifestLooksPorts,
  repository: RepositoryId,
  onLook: (looked: 'described' | 'undescribed') => void,
): ManifestLooks {
  let candidates: Candidate[] = [];
  const listedNow = new Set<Digest>();
  let isRefused = false;

  async function describe(seen: ManifestSeen, when: LookedAt, document?: Manifest | { unreadable: string }) {
    const { digest, createdAt } = seen;
    const told = document === undefined ? {} : learned(document);
    const children = document !== undefined && 'children' in document ? document.children : [];
    if (listedNow.size < mostListed) for (const child of children) listedNow.add(child.digest);
    const description = { ...listed(seen), ...told, digest };
    onLook('described');
    await records.state(statedDescription(repository, { description, children }, { ...when, at: createdAt }));
  }

  async function read(seen: ManifestSeen, when: LookedAt): Promise<void> {
    // One refusal is enough: an identity without the right to read documents has none to any of them.
    if (isRefused) return onLook('undescribed');
    try {
      const document = await content.document(repository.repository, seen.digest);
      // It went while it was looked at; the next comparison tells.
      if (document !== undefined) await describe(seen, when, document);
    } catch (error) {
      if (!(error instanceof AuditFault) || error.retryable) throw error;
      if (error.code === 'registry-401' || error.code === 'registry-403') {
        isRefused = true;
        return onLook('undescribed');
      }
      await describe(seen, when, { unreadable: error.code });
    }
  }

  async function lookAtCandidates(): Promise<void> {
    // What indexes list has to be written before it is asked for.
    await records.flush();
    const some = candidates;
    candidates = [];
    await concurrently(some, mostAtOnce, async ({ seen, when }) => {
      const { digest } = seen;
      if (listedNow.has(digest) || (await known.isChild(repository, digest))) await describe(seen, when);
      else await read(seen, when);
    });
  }

  return {
    async look(seen, when) {
      if (manifestKind(seen.mediaType ?? '') !== 'image') return read(seen, when);
      if (seen.isTagged || !mayHaveSubject(seen)) return describe(seen, when);
      candidates.push({ seen, when });
      if (candidates.length >= mostCandidates) await lookAtCandidates();
    },
    finish: lookAtCandidates,
  };
}

/** Docker's manifests have no `subject`: https://github.com/opencontainers/image-spec/blob/main/manifest.md. */
function mayHaveSubject({ mediaType = '' }: ManifestSeen): boolean {
  return !mediaType.startsWith('application/vnd.docker.');
}

function listed({ mediaType, size, architecture, os }: ManifestSeen): Omit<ManifestDescription, 'digest'> {
  return present({ mediaType, size, architecture, os });
}

function learned(document: Manifest | { unreadable: string }): Partial<ManifestDescription> {
  if ('unreadable' in document) return document;
  const { kind, mediaType, artifactType, subject, children } = document;
  return present({
    mediaType,
    artifactType,
    subject: subject?.digest,
    children: kind === 'index' ? new Set(children.map(({ digest }) => digest)).size : undefined,
  });
}
