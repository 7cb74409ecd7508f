import type { Finding } from '../findings/finding.ts';
import { findingOf } from '../findings/finding.ts';
import type { FindingKind } from '../findings/kind.ts';
import { openedAt, type StoredFinding } from '../findings/lifecycle.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Policy } from '../protection/policy.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import { isOpen } from '../protection/rollback-window.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import type { ResolvedClaim } from '../workloads/judgement.ts';
import { type Removal, removalFinding, wayBack } from '../workloads/removal.ts';
import { useFindings } from '../workloads/use-findings.ts';
import { concurrently } from './concurrently.ts';
import type { Findings } from './findings.ts';
import type { ProtectionRecordsPorts } from './protection-records.ts';
import { changeState } from './protection-records.ts';
import type { RegistryContent } from './registry-content.ts';
import {
  type InventoriesTold,
  inventoriesTold,
  judgeRemoval,
  type RemovalJudgementPorts,
  verdictContent,
  verdictKey,
} from './removal-judgement.ts';
import { manifestsAbove } from './uses.ts';

export interface AssessUsesPorts extends Omit<ProtectionRecordsPorts, 'states'>, RemovalJudgementPorts {
  readonly verdicts: ProtectionRecordsPorts['states'];
  readonly contents: ReadonlyMap<string, RegistryContent>;
  readonly findings: Pick<Findings, 'raise' | 'settle' | 'page'>;
  readonly heldBy: (repository: RepositoryId, tag: string) => Promise<Digest | undefined>;
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  readonly policy: Policy | undefined;
}

/** Findings that a look at a repository's uses makes, and settles when it no longer does. */
const assessed: readonly FindingKind[] = [
  'MissingImage',
  'MissingIndexChild',
  'TagDrift',
  'MutableReference',
  'UnapprovedDigestRunning',
  'ReplicaSkew',
];
const judgedKinds: readonly FindingKind[] = ['DeletedDigestInUse', 'DeletedDigestUseUnknown'];

/** Findings read at once. */
const pageSize = 1_000;
/** Digests in use whose parts are looked at in one look. */
const mostIndexes = 2_000;
const mostAtOnce = 8;

/**
 * Looks at what workloads use of a repository: judges again the deletions that are still found, and finds what is missing,
 * drifting, mutable or not approved. What history does not know to be there is asked of the registry itself before it is said
 * to be missing. @throws a retryable AuditFault when something could not be asked: nothing is settled then.
 */
export function assessUses(ports: AssessUsesPorts) {
  const { links, contents, findings, clock, log } = ports;
  const tell = inventoriesTold(ports);
  const aboveOf = manifestsAbove(ports);
  const judge = judgeRemoval(ports);
  const change = changeState({ ...ports, states: ports.verdicts });

  /** Judges a deletion again that is still found; nothing when it is over. */
  async function judgedAgain(
    found: StoredFinding,
    told: InventoriesTold,
  ): Promise<Finding | 'as-it-was' | undefined> {
    const removal = removalIn(found);
    if (removal === undefined) return 'as-it-was';
    if ((await links.presence(removal, removal.digest)) === 'present') return undefined;
    const judged = await judge(removal, told);
    const { answer, uses } = judged.judgement;
    const key = verdictKey(removal);
    await change(removal, key, (stored) => {
      if (stored?.content['answer'] === answer) return { result: undefined };
      const record = stored?.content['record'];
      const told = { ...removal, record: typeof record === 'string' ? record : removal.record };
      const content = verdictContent(told, judged, clock.now());
      return { kind: 'deletion-judged', content, state: content, result: undefined };
    });
    // Nobody tells any more that it is used, but some who would are silent.
    if (answer === 'unknown' && found.kind === 'DeletedDigestInUse') return 'as-it-was';
    const asked = new Set(uses.map(({ claim }) => claim.source));
    const looks = judged.sources
      .filter(({ source }) => asked.has(source))
      .map(({ state }) => state?.completeAt ?? 0);
    const confirmedAt = answer === 'used' && looks.length > 0 ? Math.min(...looks) : 0;
    return removalFinding(removal, judged.judgement, {
      ...judged,
      confirmedAt: confirmedBefore(found) ?? (confirmedAt > openedAt(found) ? confirmedAt : undefined),
    });
  }

  /** A tag that is missing, with who removed it and when, where that was judged. */
  async function withVerdict(repository: RepositoryId, finding: Finding): Promise<Finding> {
    const { kind, subject, detail } = finding;
    if (kind !== 'MissingImage' || subject.tag === undefined) return finding;
    const verdict = (await ports.verdicts.state(repository, `v|${subject.tag}`))?.content;
    if (verdict === undefined) return finding;
    const { at: untaggedAt, by: untaggedBy, digest, notBefore } = verdict;
    const told = {
      ...(typeof untaggedAt === 'number' ? { untaggedAt } : {}),
      ...(typeof untaggedBy === 'string' ? { untaggedBy } : {}),
      ...(typeof notBefore === 'number' ? { notBefore } : {}),
      ...(typeof digest === 'string' ? { digest } : {}),
    };
    const back = parseDigest(typeof digest === 'string' ? digest : '');
    if (back === undefined) return { ...finding, detail: { ...detail, ...told } };
    const removal = { ...repository, tag: subject.tag, digest: back, record: '', at: 0 };
    const { steps } = wayBack(removal, { isRestorable: false, elsewhere: [] });
    return { ...finding, detail: { ...detail, ...told, wayBack: steps } };
  }

  /** Every finding of deletions that is still found: what is not among them would be settled without having been judged. */
  async function* stillFound({
    registry,
    repository,
  }: RepositoryId): AsyncGenerator<readonly [FindingKind, StoredFinding]> {
    for (const kind of judgedKinds) {
      const filter = { statuses: ['open', 'acknowledged', 'waived'] as const, kind, repository };
      let after: string | undefined;
      do {
        const page = await findings.page(registry, filter, pageSize, after);
        for (const { finding } of page.items) yield [kind, finding];
        after = page.next;
      } while (after !== undefined);
    }
  }

  async function deletions(
    { registry, repository }: RepositoryId,
    told: InventoriesTold,
    at: number,
  ): Promise<ReadonlySet<Digest>> {
    const alarmed = new Set<Digest>();
    const raised: Finding[] = [];
    const stillThere = new Set<string>();
    await concurrently(stillFound({ registry, repository }), mostAtOnce, async ([kind, one]) => {
      const again = await judgedAgain(one, told);
      if (again === undefined) return;
      if (one.subject.digest !== undefined) alarmed.add(one.subject.digest);
      if (again === 'as-it-was') {
        stillThere.add(findingOf(kind, one.subject, one.detail).identity);
        return;
      }
      raised.push(again);
      stillThere.add(again.identity);
    });
    await findings.raise(registry, raised, at);
    await findings.settle(registry, { repository, kinds: judgedKinds }, stillThere, at);
    return alarmed;
  }

  return async (repository: RepositoryId): Promise<void> => {
    const content = contents.get(repository.registry);
    if (content === undefined) return;
    const at = clock.now();
    const told = await tell(repository);
    const { known, resolved } = told;
    const alarmed = await deletions(repository, told, at);
    const windows = (await ports.windows(repository)).filter(isOpen).map(({ approval }) => approval);

    const tags = new Map<string, Digest | undefined>();
    const referred = known.flatMap((claim) => (claim.isPinned || claim.tag === undefined ? [] : [claim.tag]));
    await concurrently(new Set(referred), mostAtOnce, async (tag) => {
      // History may not have heard of it yet.
      const held =
        (await ports.heldBy(repository, tag)) ?? (await content.tag(repository.repository, tag))?.digest;
      tags.set(tag, held);
    });

    const exact = new Set(known.flatMap(({ digest }) => digest ?? []));
    const isGone = async (digest: Digest): Promise<boolean> =>
      (await links.presence(repository, digest)) !== 'present' &&
      (await content.manifest(repository.repository, digest)) === undefined;
    const missing = new Set<Digest>();
    const parents = new Map<Digest, ReadonlySet<Digest>>();
    await concurrently(new Set([...exact, ...runningDigests(resolved)]), mostAtOnce, async (digest) => {
      if (exact.has(digest) && (await isGone(digest))) missing.add(digest);
      const above = await aboveOf(repository, digest);
      parents.set(digest, new Set([...above].flatMap(([one, via]) => (via === 'index' ? [one] : []))));
    });

    const missingChildren = new Map<Digest, readonly Digest[]>();
    const needed = new Set([...exact, ...[...tags.values()].flatMap((digest) => digest ?? [])]);
    const indexes = [...needed].filter((digest) => !missing.has(digest)).slice(0, mostIndexes);
    await concurrently(indexes, mostAtOnce, async (index) => {
      const gone: Digest[] = [];
      for (const child of await links.children(repository, index)) if (await isGone(child)) gone.push(child);
      if (gone.length > 0) missingChildren.set(index, gone);
    });

    const approved = new Map<string, Set<Digest>>();
    for (const { environment, digest } of windows) {
      approved.set(environment, (approved.get(environment) ?? new Set()).add(digest));
    }
    const made = useFindings({
      repository,
      claims: resolved,
      tags,
      missing,
      missingChildren,
      parents,
      alarmed,
      approved,
      lockedTags: new Set(windows.flatMap(({ tag, lockTag }) => (lockTag && tag !== undefined ? [tag] : []))),
      policy: ports.policy,
      now: at,
    });
    const found = await Promise.all(made.map((finding) => withVerdict(repository, finding)));
    await findings.raise(repository.registry, found, at);
    const scope = { repository: repository.repository, kinds: assessed };
    await findings.settle(repository.registry, scope, new Set(found.map(({ identity }) => identity)), at);
    log.info('uses assessed', { ...repository, claims: known.length, findings: found.length });
  };
}

function runningDigests(claims: readonly ResolvedClaim[]): readonly Digest[] {
  return claims.filter(({ claim }) => claim.state === 'running').flatMap(({ digests }) => [...digests]);
}

/** The first look after the deletion that still found the uses. */
function confirmedBefore({ kind, detail }: StoredFinding): number | undefined {
  const { confirmedAt } = detail;
  return kind === 'DeletedDigestInUse' && typeof confirmedAt === 'number' ? confirmedAt : undefined;
}

/** The removal that a finding tells of. */
function removalIn({ subject, detail }: StoredFinding): Removal | undefined {
  const { registry, repository, digest } = subject;
  const at = detail['deletedAt'];
  const notBefore = detail['notBefore'];
  const by = detail['deletedBy'];
  if (digest === undefined || typeof at !== 'number') return undefined;
  return {
    registry,
    repository,
    digest,
    record: '',
    at,
    ...(typeof notBefore === 'number' ? { notBefore } : {}),
    ...(typeof by === 'string' ? { by } : {}),
  };
}
