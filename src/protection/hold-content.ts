import type { JsonContent } from '../history/statement.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { present } from '../registry/present.ts';
import type { Hold, HoldScope } from './hold.ts';
import { milliseconds, storedText } from './stored-form.ts';
import { oneOf } from './strict-fields.ts';

/** The key of a hold's state. */
export const holdStateKey = (id: string) => `h|${id}`;

/** A hold as statements keep it: its own properties; times are numbers of epoch milliseconds. */
export function holdContent(hold: Hold): JsonContent {
  const { scope, ...others } = hold;
  return { ...others, scope: { ...scope } };
}

/**
 * Reads a hold from what {@link holdContent} made; `undefined` when it isn't one, which never means that it was lifted.
 * Properties that are not known are passed over. Never throws.
 */
export function readHold(content: JsonContent): Hold | undefined {
  const findings = noFindings();
  const fields = fieldsOf(content, '', findings);
  const id = fields.required('id', storedText);
  const scope = readScope(fields.object('scope'));
  const reason = fields.required('reason', storedText);
  const placedBy = fields.required('placedBy', storedText);
  const placedAt = fields.required('placedAt', milliseconds);
  const state = fields.required('state', oneOf<Hold['state']>(['held', 'lifting', 'lifted']));
  const optional = present({
    liftAskedBy: fields.optional('liftAskedBy', storedText),
    liftedBy: fields.optional('liftedBy', storedText),
    liftedAt: fields.optional('liftedAt', milliseconds),
  });
  if (id === undefined || scope === undefined || reason === undefined || findings.problems.length > 0) {
    return undefined;
  }
  if (placedBy === undefined || placedAt === undefined || state === undefined) return undefined;
  return { id, scope, reason, placedBy, placedAt, state, ...optional };
}

function readScope(fields: Fields): HoldScope | undefined {
  switch (fields.sent('kind')) {
    case 'approval': {
      const approval = fields.required('approval', storedText);
      return approval === undefined ? undefined : { kind: 'approval', approval };
    }
    case 'repositories': {
      const registry = fields.required('registry', storedText);
      const pattern = fields.required('pattern', storedText);
      return registry === undefined || pattern === undefined
        ? undefined
        : { kind: 'repositories', registry, pattern };
    }
    default:
      return undefined;
  }
}
