import type { RepositoryId } from '../history/fact.ts';
import { type Approval, type ApprovalEvent, advance } from '../protection/approval.ts';
import { approvalContent, approvalStateKey, readApproval } from '../protection/approval-content.ts';
import {
  type Applicant,
  type ApprovalRefusal,
  judgeApproval,
  newApproval,
} from '../protection/approval-judgement.ts';
import { type ApprovalRequest, agreeOnDigest } from '../protection/approval-request.ts';
import type { Hold } from '../protection/hold.ts';
import type { Policy } from '../protection/policy.ts';
import { type ApprovalWindow, windowsAt } from '../protection/rollback-window.ts';
import type { Digest } from '../registry/digest.ts';
import { approvalId } from './approval-id.ts';
import { AuditFault } from './fault.ts';
import type { Clock, StateReader, StoredState } from './ports.ts';
import type { KnownLocks, ProtectionIndex } from './protection-ports.ts';
import { changeState, type ProtectionRecordsPorts, recordStatement } from './protection-records.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import type { RegistryContent } from './registry-content.ts';

export interface ApprovalsPorts extends ProtectionRecordsPorts {
  /** The content of each audited registry, by login server. */
  readonly contents: ReadonlyMap<string, Pick<RegistryContent, 'tag' | 'manifest'>>;
  readonly index: ProtectionIndex;
  readonly known: Pick<KnownLocks, 'pusher'>;
  readonly pseudonyms?: Pick<Pseudonyms, 'whichOf'>;
  readonly policy: Policy;
}

/** What becomes of a request to approve. */
export type ApprovalOutcome =
  | { readonly outcome: 'approved'; readonly approval: Approval }
  /** The tag does not point to the digest that the caller looked at. */
  | { readonly outcome: 'moved'; readonly asked: Digest; readonly found: Digest }
  | { readonly outcome: 'missing'; readonly what: 'tag' | 'digest' | 'registry' }
  | { readonly outcome: 'refused'; readonly refusals: readonly ApprovalRefusal[] };

/**
 * Approves an image: what its tag points to at this instant, as the registry itself says, judged by the policy and
 * recorded with its evidence. Nothing is locked yet.
 */
export function approveImage(ports: ApprovalsPorts) {
  const record = recordStatement(ports);
  return async (request: ApprovalRequest, applicant: Applicant): Promise<ApprovalOutcome> => {
    const { contents, index, known, policy, clock, ids } = ports;
    const { image } = request;
    const { registry, repository } = image;
    const content = contents.get(registry);
    if (content === undefined) return { outcome: 'missing', what: 'registry' };
    const id: RepositoryId = { registry, repository };

    const tagged = image.tag === undefined ? undefined : await content.tag(repository, image.tag);
    const agreement = agreeOnDigest(image, tagged?.digest);
    if (agreement.outcome === 'missing') return { outcome: 'missing', what: 'tag' };
    if (agreement.outcome === 'moved') return agreement;
    const { digest } = agreement;
    if ((await content.manifest(repository, digest)) === undefined)
      return { outcome: 'missing', what: 'digest' };

    const pusher = await pusherAmong(ports, await known.pusher(id, digest), applicant);
    const judgement = judgeApproval(policy, request, applicant, pusher);
    if (!judgement.allowed) return { outcome: 'refused', refusals: judgement.refusals };
    const { environment } = judgement;
    const requestedAt = clock.now();
    const approval = newApproval(request, {
      id: approvalId(requestedAt, ids.random()),
      digest,
      approver: applicant,
      requestedAt,
      environment,
      policy,
    });
    await index.note(registry, approval.id, repository);
    await record(
      id,
      'approval-requested',
      { approval: approval.id, by: applicant.id, byName: applicant.name },
      [{ key: approvalStateKey(approval.id), content: approvalContent(approval), over: undefined }],
    );
    return { outcome: 'approved', approval };
  };
}

/** What becomes of a change to an approval. */
export type ApprovalChange =
  | { readonly outcome: 'advanced' | 'unchanged'; readonly approval: Approval }
  | { readonly outcome: 'refused'; readonly problem: string }
  | { readonly outcome: 'unknown' };

/** Who pushed, where that may be who asks. */
async function pusherAmong(
  { pseudonyms }: Pick<ApprovalsPorts, 'pseudonyms'>,
  recorded: string | undefined,
  { id, name }: Applicant,
): Promise<string | undefined> {
  if (recorded === undefined || pseudonyms === undefined) return recorded;
  return pseudonyms.whichOf(recorded, [id, name]);
}

/** Changes an approval by an event, recorded with who or what caused it. */
export function changeApproval(ports: ProtectionRecordsPorts) {
  const change = changeState(ports);
  return (repository: RepositoryId, id: string, event: ApprovalEvent, by: string): Promise<ApprovalChange> =>
    change<ApprovalChange>(repository, approvalStateKey(id), (stored) => {
      const approval = stored && approvalOf(stored);
      if (approval === undefined) return { result: { outcome: 'unknown' } };
      const advanced = advance(approval, event);
      if (advanced.outcome !== 'advanced') return { result: advanced };
      return {
        kind: `approval-${event.event}`,
        content: { approval: id, by, ...event, state: advanced.approval.state },
        state: approvalContent(advanced.approval),
        result: advanced,
      };
    });
}

/** All approvals of a repository, with their windows at this instant. */
export function approvalWindows({
  states,
  holds,
  clock,
}: {
  readonly states: StateReader;
  readonly holds: (registry: string) => Promise<readonly Hold[]>;
  readonly clock: Clock;
}) {
  return async (repository: RepositoryId): Promise<readonly ApprovalWindow[]> => {
    const approvals = (await Array.fromAsync(states.states(repository, 'a|'))).map(approvalOf);
    // Holds keep approvals: without any they are not asked for.
    if (approvals.length === 0) return [];
    const windows = windowsAt(approvals, await holds(repository.registry), clock.now());
    // Approvals that are over have no window, and are told all the same.
    const open = new Set(windows.map(({ approval }) => approval.id));
    const over = approvals.filter(({ id }) => !open.has(id));
    return [
      ...windows,
      ...over.map((approval): ApprovalWindow => {
        const time = approval.endedEarly?.at ?? approval.requestedAt + approval.retainFor;
        return { approval, reasons: [], ends: { kind: 'at', time } };
      }),
    ];
  };
}

/** The approval of a stored state; throws a permanent AuditFault when it isn't one. */
export function approvalOf({ key, content }: Pick<StoredState, 'key' | 'content'>): Approval {
  const approval = readApproval(content);
  if (approval !== undefined) return approval;
  throw new AuditFault('corrupt-row', `${key} is not readable as an approval`, { retryable: false });
}
