import type { RepositoryId } from '../history/fact.ts';
import { gapsOf } from '../protection/closure.ts';
import { rootsOf } from '../protection/desired-locks.ts';
import type { Hold } from '../protection/hold.ts';
import { isLocked } from '../protection/lock-target.ts';
import type { Policy } from '../protection/policy.ts';
import { windowsAt } from '../protection/rollback-window.ts';
import { type DeploymentVerdict, type ImageFacts, judgeDeployment } from '../protection/verdict.ts';
import type { Digest } from '../registry/digest.ts';
import { parseReference, registryNamed } from '../registry/reference.ts';
import { approvalOf } from './approvals.ts';
import { AuditFault } from './fault.ts';
import { readLocksSeen } from './locks-seen.ts';
import { readClosures } from './manifest-graph.ts';
import type { Clock, StateReader } from './ports.ts';
import type { KnownLocks } from './protection-ports.ts';
import type { RegistryContent } from './registry-content.ts';

export interface VerifyDeploymentPorts {
  readonly contents: ReadonlyMap<string, RegistryContent>;
  readonly known: KnownLocks;
  readonly states: StateReader;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
  readonly policy: Policy;
  readonly clock: Clock;
}

/**
 * Judges whether images may be deployed to an environment, by what the registry has and allows at this instant and what was
 * approved. What cannot be asked is unknown, which does not pass.
 */
export function verifyDeployment(ports: VerifyDeploymentPorts) {
  return async (environment: string, images: readonly string[]): Promise<DeploymentVerdict> => {
    const facts: ImageFacts[] = [];
    for (const image of images) facts.push(await factsOf(ports, image));
    return judgeDeployment(ports.policy, environment, facts);
  };
}

const nothingKnown = { exists: 'unknown', closure: 'unknown', locked: 'unknown', windows: [] } as const;

async function factsOf(ports: VerifyDeploymentPorts, image: string): Promise<ImageFacts> {
  const reading = parseReference(image);
  if (!reading.ok) return { image, reading, ...nothingKnown };
  const { repository, tag, digest } = reading.reference;
  const registry = reading.reference.registry && registryNamed(reading.reference.registry);
  const content = registry === undefined ? undefined : ports.contents.get(registry);
  if (registry === undefined || content === undefined) return { image, reading, ...nothingKnown };
  const id: RepositoryId = { registry, repository };
  try {
    const pointed = tag === undefined ? undefined : await pointedTo(content, repository, tag);
    const meant = digest ?? (pointed === 'gone' ? undefined : pointed);
    const windows = await windowsOf(ports, id, meant);
    const about = { image, reading, ...(pointed === undefined ? {} : { tagDigest: pointed }), windows };
    if (meant === undefined) return { ...about, exists: false, closure: 'unknown', locked: 'unknown' };
    return { ...about, ...(await stateOf(ports, content, id, meant)) };
  } catch (error) {
    // A registry that could not be asked says nothing of the image.
    if (!(error instanceof AuditFault)) throw error;
    return { image, reading, ...nothingKnown };
  }
}

async function pointedTo(
  content: RegistryContent,
  repository: string,
  tag: string,
): Promise<Digest | 'gone'> {
  return (await content.tag(repository, tag))?.digest ?? 'gone';
}

async function windowsOf(ports: VerifyDeploymentPorts, id: RepositoryId, digest: Digest | undefined) {
  if (digest === undefined) return [];
  const stored = await Array.fromAsync(ports.states.states(id, 'a|'));
  const holds = await ports.holds(id.registry);
  // Windows follow from all approvals of an environment; those of this digest are what counts.
  const windows = windowsAt(stored.map(approvalOf), holds, ports.clock.now());
  return windows.filter(({ approval }) => rootsOf(approval).includes(digest));
}

async function stateOf(
  ports: VerifyDeploymentPorts,
  content: RegistryContent,
  id: RepositoryId,
  digest: Digest,
): Promise<Pick<ImageFacts, 'exists' | 'closure' | 'locked'>> {
  if ((await content.manifest(id.repository, digest)) === undefined) {
    return { exists: false, closure: 'unknown', locked: 'unknown' };
  }
  const closures = await readClosures({ content, known: ports.known })(id, [digest]);
  const closure = closures.get(digest);
  if (closure === undefined) return { exists: true, closure: 'unknown', locked: 'unknown' };
  const gaps = gapsOf(closure);
  const isUnread = gaps.some(({ reason }) => reason !== 'missing');
  const members = new Set(closure.members.map((member) => member.digest));
  const seen = await readLocksSeen({ content, known: { locked: async () => [] } })(id, members, new Set());
  const locks = [...members].flatMap((member) => seen.manifests.get(member) ?? []);
  const isUnknown = locks.some(({ state }) => state === 'unreadable');
  const isOpen = locks.some((lock) => lock.state === 'present' && !isLocked(lock.lock));
  return {
    exists: true,
    closure: isUnread ? 'unknown' : gaps.length > 0 ? 'partial' : 'whole',
    locked: isOpen ? false : isUnknown ? 'unknown' : true,
  };
}
