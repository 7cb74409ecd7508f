import type { JsonContent } from '../history/statement.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { byteCount, type Form, textThat } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import type { Hold, HoldScope } from './hold.ts';

/** The key of a hold's state. */
export const holdKey = (id: string) => `h|${id}`;

/** A hold as JSON; times are epoch milliseconds. */
export function holdContent({ scope, ...hold }: Hold): JsonContent {
  return present({ ...hold, scope: { ...scope } });
}

const anyText = textThat('text', () => true);
const states: readonly Hold['state'][] = ['held', 'lifting', 'lifted'];
const stateForm: Form<Hold['state']> = {
  expected: states.join(' or '),
  read: (value) => states.find((one) => one === value),
};

/** Reads a hold back from its JSON; `undefined` when it isn't one. Fields of later versions are ignored. */
export function readHold(content: JsonContent): Hold | undefined {
  const findings = noFindings();
  const fields = fieldsOf(content, '', findings);
  const id = fields.required('id', anyText);
  const scope = scopeOf(fields.object('scope'));
  const reason = fields.required('reason', anyText);
  const placedBy = fields.required('placedBy', anyText);
  const placedAt = fields.required('placedAt', byteCount);
  const state = fields.required('state', stateForm);
  const optional = present({
    liftAskedBy: fields.optional('liftAskedBy', anyText),
    liftedBy: fields.optional('liftedBy', anyText),
    liftedAt: fields.optional('liftedAt', byteCount),
  });
  if (id === undefined || scope === undefined || reason === undefined) return undefined;
  if (placedBy === undefined || placedAt === undefined || state === undefined) return undefined;
  return findings.problems.length > 0
    ? undefined
    : { id, scope, reason, placedBy, placedAt, state, ...optional };
}

function scopeOf(fields: Fields): HoldScope | undefined {
  const approval = fields.optional('approval', anyText);
  const registry = fields.optional('registry', anyText);
  const pattern = fields.optional('pattern', anyText);
  switch (fields.sent('kind')) {
    case 'approval':
      return approval === undefined ? undefined : { kind: 'approval', approval };
    case 'repositories':
      return registry === undefined || pattern === undefined
        ? undefined
        : { kind: 'repositories', registry, pattern };
    default:
      return undefined;
  }
}
