import * as z from 'zod/mini';
import type { DigestEvidence, EvidenceReader, TagOfDigest } from '../audit/digest-evidence.ts';
import type { Findings } from '../audit/findings.ts';
import type { UsesListing, UsesQuery } from '../audit/list-uses.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { type LockState, unlocked } from '../registry/lock-state.ts';
import { formatReference } from '../registry/reference.ts';
import { approvalItem } from './approval-item.ts';
import { described } from './document.ts';
import { digestsDocument } from './documents/digests.ts';
import { findingItem } from './finding-item.ts';
import { isoTime } from './history-entry.ts';
import { readDigestImage } from './image-parameter.ts';
import { RequestProblem } from './problem.ts';
import { route } from './route.ts';
import { useItem } from './uses.ts';

const query = z.strictObject({
  image: described(
    z.string({ error: 'is missing: give a repository and digest, such as team/app@sha256:…' }),
    'A repository and digest.',
  ),
});

/** Items of each list in one answer. */
const mostItems = 1_000;

/** Who uses a digest, and what was found about it. */
export interface DigestUsePorts {
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
  readonly findings: Pick<Findings, 'page'>;
}

/** `GET digests`: everything known of a manifest. */
export function digestsRoute(
  registries: readonly AcceptedRegistry[],
  reader: EvidenceReader,
  windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>,
  inUse: DigestUsePorts,
) {
  return route({
    name: 'getDigests',
    method: 'GET',
    path: 'digests',
    summary:
      'Everything known of a digest: its tags over time, platforms, children, referrers, locks, approvals, uses and findings.',
    document: digestsDocument,
    role: 'Audit.Read',
    query,
    async answer({ query: { image } }) {
      const { registry, repository, digest } = readDigestImage(image, registries);
      const about = { statuses: ['open', 'acknowledged', 'waived'] as const, repository, digest };
      const [evidence, approved, uses, found] = await Promise.all([
        reader.evidence({ registry, repository }, digest, mostItems),
        windows({ registry, repository }),
        inUse.listUses({ image: { registry, repository, digest } }),
        inUse.findings.page(registry, about, mostItems),
      ]);
      const approvals = approved.filter(({ approval }) => approval.digest === digest).map(approvalItem);
      const reference = formatReference({ registry, repository, digest });
      const isKnown =
        evidence.head !== undefined ||
        evidence.description !== undefined ||
        approvals.length + uses.uses.length > 0;
      if (!isKnown) {
        throw new RequestProblem({
          status: 404,
          type: 'digest-unknown',
          title: 'Nothing is known of this digest',
          detail: `${reference} is not in the history. Check the repository: a digest may be in another one.`,
        });
      }
      return {
        headers: { 'cache-control': 'no-store' },
        jsonBody: {
          image: reference,
          registry,
          repository,
          digest,
          ...told(evidence),
          approvals,
          uses: uses.uses.slice(0, mostItems).map(useItem),
          usesCoverage: uses.coverage,
          findings: found.items.map(({ finding }) => findingItem(finding)),
        },
      };
    },
  });
}

function told({ head, description, locks, tags, children, parents, referrers }: DigestEvidence) {
  const { digest: _, ...content } = description ?? {};
  const lists = { tags, children, parents, referrers };
  const cut = Object.entries(lists).flatMap(([name, { isMore }]) => (isMore ? [name] : []));
  return {
    ...(head === undefined ? {} : { presence: head.presence, lastChange: isoTime(head.newest.time) }),
    isDescribed: description !== undefined,
    ...content,
    // As last seen by a comparison with the registry.
    locks: locksOf(locks),
    tags: tags.items.map(tagOf),
    platforms: children.items.flatMap(({ digest, platform }) =>
      platform === undefined ? [] : [{ ...platform, digest }],
    ),
    closure: { children: children.items, parents: parents.items, referrers: referrers.items },
    ...(cut.length === 0 ? {} : { cutOff: cut }),
  };
}

function tagOf({ tag, stretch, lastPush, until, locks }: TagOfDigest) {
  return {
    tag,
    since: isoTime(stretch.time),
    lastPush: isoTime(lastPush.time),
    ...(until === undefined ? {} : { until: isoTime(until.time) }),
    locks: locksOf(locks),
  };
}

function locksOf(locks: LockState = unlocked) {
  return {
    deleteEnabled: locks.canDelete,
    writeEnabled: locks.canWrite,
    readEnabled: locks.canRead,
    listEnabled: locks.canList,
  };
}
