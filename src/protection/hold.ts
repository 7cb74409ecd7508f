import type { RepositoryId } from '../history/fact.ts';
import type { FieldProblem } from '../registry/field-problem.ts';
import { noFindings } from '../registry/findings.ts';
import { identifier, textThat } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import { readPattern } from '../registry/pattern.ts';
import { strictFieldsOf } from './strict-fields.ts';

/** What a hold keeps: one approval, or everything approved in the repositories of a registry that a pattern matches. */
export type HoldScope =
  | { readonly kind: 'approval'; readonly approval: string }
  | { readonly kind: 'repositories'; readonly registry: string; readonly pattern: string };

/** A legal hold: what it covers is kept without end, until two different principals lift it. */
export interface Hold {
  readonly id: string;
  readonly scope: HoldScope;
  readonly reason: string;
  /** Principal's id. */
  readonly placedBy: string;
  /** Epoch milliseconds. */
  readonly placedAt: number;
  /** `lifting`: one principal has asked for it to be lifted; it still holds. */
  readonly state: 'held' | 'lifting' | 'lifted';
  /** Who asked for it to be lifted. */
  readonly liftAskedBy?: string;
  /** Who agreed. */
  readonly liftedBy?: string;
  /** Epoch milliseconds. */
  readonly liftedAt?: number;
}

/** What happens to a hold; `by` is a principal's id. */
export type HoldEvent =
  | { readonly event: 'lift-asked'; readonly by: string }
  | { readonly event: 'lift-agreed'; readonly by: string; readonly at: number }
  | { readonly event: 'lift-withdrawn' };

/** What an event makes of a hold. */
export type HoldAdvance =
  | { readonly outcome: 'advanced'; readonly hold: Hold }
  | { readonly outcome: 'refused'; readonly problem: string };

/** What an event makes of a hold: lifting takes one principal to ask and a different one to agree. */
export function advanceHold(hold: Hold, event: HoldEvent): HoldAdvance {
  const { liftAskedBy, ...held } = hold;
  switch (event.event) {
    case 'lift-asked':
      return hold.state === 'held' && event.by !== ''
        ? { outcome: 'advanced', hold: { ...held, state: 'lifting', liftAskedBy: event.by } }
        : refused(hold, 'lifting cannot be asked for');
    case 'lift-agreed':
      if (hold.state !== 'lifting' || liftAskedBy === undefined || event.by === '') {
        return refused(hold, 'nobody has asked for it to be lifted');
      }
      return isSamePrincipal(liftAskedBy, event.by)
        ? refused(hold, 'who asked for it to be lifted cannot agree to it as well')
        : {
            outcome: 'advanced',
            hold: { ...hold, state: 'lifted', liftedBy: event.by, liftedAt: event.at },
          };
    case 'lift-withdrawn':
      return hold.state === 'lifting'
        ? { outcome: 'advanced', hold: { ...held, state: 'held' } }
        : refused(hold, 'nobody has asked for it to be lifted');
  }
}

/** Whether a hold that is not lifted is on that one approval. */
export function coversApproval({ state, scope }: Hold, approval: string): boolean {
  return state !== 'lifted' && scope.kind === 'approval' && scope.approval === approval;
}

/**
 * Whether a hold that is not lifted covers a whole repository. A pattern that cannot be read any more covers every one: doubt
 * does not lift a hold.
 */
export function coversRepository({ state, scope }: Hold, { registry, repository }: RepositoryId): boolean {
  if (state === 'lifted' || scope.kind !== 'repositories' || scope.registry !== registry) return false;
  const reading = readPattern(scope.pattern);
  return !reading.ok || reading.pattern.matches(repository);
}

/** What to hold and why, or every problem that keeps the body of a request from saying so. */
export type HoldRequestReading =
  | { readonly ok: true; readonly request: Pick<Hold, 'scope' | 'reason'> }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

/** Reads a request to hold: `{approval, reason}` or `{registry, repositories, reason}`. Never throws. */
export function readHoldRequest(body: unknown): HoldRequestReading {
  const findings = noFindings();
  const fields = strictFieldsOf(body, '', findings, ['approval', 'registry', 'repositories', 'reason']);
  const reason = fields.required('reason', reasonForm);
  const approval = fields.optional('approval', identifier);
  const registry = fields.optional('registry', identifier);
  const pattern = registry === undefined ? undefined : fields.pattern('repositories')?.text;
  const scopes: readonly HoldScope[] = [
    ...(approval === undefined ? [] : [{ kind: 'approval', approval } as const]),
    ...(registry === undefined || pattern === undefined
      ? []
      : [{ kind: 'repositories', registry: registry.toLowerCase(), pattern } as const]),
  ];
  const [scope] = scopes;
  if (scopes.length !== 1 && findings.problems.length === 0) {
    findings.problem(
      '$',
      'names not one thing: expected either "approval", or "registry" and "repositories"',
    );
  }
  return reason === undefined || scope === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, request: { scope, reason } };
}

const reasonForm = textThat(
  '1 to 2000 printable characters',
  (text) => text.trim() !== '' && cleanFreeText(text, 2_000).text === text,
);

/** Ids of Entra ID are GUIDs, which are the same in any case. */
function isSamePrincipal(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

function refused({ id, state }: Hold, why: string): HoldAdvance {
  return { outcome: 'refused', problem: `hold ${id} is ${state}: ${why}` };
}
