import type { Change } from './change.ts';
import { observedBy } from './observation.ts';
import type { Statement } from './statement.ts';

/** What follows from a statement, so that it is found without reading all statements: rebuilt by planning it again. */
export function consequencesOf(statement: Statement): readonly Change[] {
  const { description, index, children = [], locks } = observedBy(statement);
  const changes: Change[] = [];
  if (index !== undefined) {
    for (const child of children) {
      changes.push({ write: 'child', index, child }, { write: 'parent', child: child.digest, index });
    }
  }
  if (description !== undefined) changes.push({ write: 'description', description });
  if (description?.subject !== undefined) {
    changes.push({ write: 'referrer', subject: description.subject, referrer: description });
  }
  if (locks !== undefined) changes.push({ write: 'locks', ...locks });
  for (const state of statement.states ?? []) changes.push({ write: 'state', at: statement.at, ...state });
  return changes;
}

/**
 * Every write that records a statement, to be made together. `over` names the versions that states were read at, by
 * key: the commit fails when one is no longer so.
 */
export function planStatement(
  statement: Statement,
  over: ReadonlyMap<string, string | 'absent'> = new Map(),
): readonly Change[] {
  const consequences = consequencesOf(statement).map((change): Change => {
    const version = change.write === 'state' ? over.get(change.key) : undefined;
    return change.write === 'state' && version !== undefined ? { ...change, over: version } : change;
  });
  return [{ write: 'statement', statement }, ...consequences];
}
