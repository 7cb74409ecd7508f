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
  return changes;
}

/** Every write that records a statement, to be made together. */
export function planStatement(statement: Statement): readonly Change[] {
  return [{ write: 'statement', statement }, ...consequencesOf(statement)];
}
