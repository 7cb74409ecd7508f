import { createHash } from 'node:crypto';
import { parseDigest } from '../registry/digest.ts';
import { type Claim, type ClaimState, claimStates } from '../workloads/claim.ts';
import { claimIdentity } from '../workloads/claim-reading.ts';
import type { KnownClaim } from '../workloads/use.ts';
import { corrupt, optional, readTime, textOf, timeText } from './entry-codec.ts';
import type { Columns, StoredRow } from './row.ts';

/** The id of a claim: the first half of its identity's SHA-256. */
export function claimId(claim: Claim): string {
  return createHash('sha256').update(claimIdentity(claim), 'utf8').digest('hex').slice(0, 32);
}

/** The columns of each of a claim's rows; its id ends their keys. */
export function claimColumns(claim: KnownClaim): Columns {
  const { workload, isPinned, since, firstSeen, endedAt, source, state, image } = claim;
  const { registry, repository, tag, digest, revision } = claim;
  return {
    source,
    ...workload,
    state,
    image,
    registry,
    repository,
    tag,
    digest,
    isPinned,
    revision,
    since: since === undefined ? undefined : timeText(since),
    firstSeen: timeText(firstSeen),
    endedAt: endedAt === undefined ? undefined : timeText(endedAt),
  };
}

/** Reads any row of a claim; throws a permanent AuditFault when it isn't one. */
export function readClaimRow(row: StoredRow): KnownClaim {
  const text = (name: string) => textOf(row, name);
  const id = row.rowKey.split('|').at(-1);
  const firstSeen = readTime(text('firstSeen'));
  const [source, kind, name, state] = [text('source'), text('kind'), text('name'), text('state')];
  const [image, registry, repository] = [text('image'), text('registry'), text('repository')];
  const isPinned = row.columns['isPinned'];
  if (!id || firstSeen === undefined || typeof isPinned !== 'boolean' || !isState(state)) throw corrupt(row);
  if (source === undefined || kind === undefined || name === undefined) throw corrupt(row);
  if (image === undefined || registry === undefined || repository === undefined) throw corrupt(row);
  return {
    id,
    source,
    workload: {
      kind,
      name,
      ...optional('namespace', text('namespace')),
      ...optional('container', text('container')),
      ...optional('environment', text('environment')),
      ...optional('owner', text('owner')),
    },
    state,
    image,
    registry,
    repository,
    isPinned,
    ...optional('tag', text('tag')),
    ...optional('digest', parseDigest(text('digest') ?? '')),
    ...optional('revision', text('revision')),
    ...optional('since', readTime(text('since'))),
    firstSeen,
    ...optional('endedAt', readTime(text('endedAt'))),
  };
}

function isState(text: string | undefined): text is ClaimState {
  return claimStates.some((state) => state === text);
}
