import { describe, expect, it } from '@jest/globals';
import { canonicalRecord, canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { inOrder, instantOfLeaf, readEvidenceLeaf } from '../../../src/ledger/evidence-leaf.ts';
import { evidenceLeaf, factLeaf, statementLeaf, statementOf } from '../../builders/evidence-leaf.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const digest = digestOf('one');

describe('a record of a pack', () => {
  it('when it is a fact or a statement, is read as such, with its text and its place', () => {
    const record = recordOf(fact('push', 1, { digest }));
    const text = canonicalRecord(record);
    expect(readEvidenceLeaf(text, 3)).toEqual({ ref: 3, text, type: 'fact', record });
    const statement = statementOf('said', 2, 'lock-set');
    const said = canonicalStatement(statement);
    expect(readEvidenceLeaf(said, 'said')).toEqual({
      ref: 'said',
      text: said,
      type: 'statement',
      record: statement,
    });
  });

  it.each(['', '{}', '[]', 'push'])('when its text is %j, is none', (text) => {
    expect(readEvidenceLeaf(text, 0)).toBeUndefined();
  });

  it('when it happened, is told by the record, whatever it is', () => {
    expect(instantOfLeaf(factLeaf(0, 1, { digest }))).toEqual({ time: epoch + 60_000, id: 'fact-0' });
    expect(instantOfLeaf(statementLeaf(1, 2, 'k'))).toEqual({ time: epoch + 120_000, id: 'statement-1' });
  });

  it('when there are several, they are in the order in which they happened, not in that of the log', () => {
    const later = factLeaf(0, 5, { digest });
    const first = statementLeaf(1, 1, 'k');
    // Of one millisecond, the smaller id is the newer, as everywhere.
    const newer = statementLeaf('a', 3, 'k');
    const older = statementLeaf('b', 3, 'k');
    expect(inOrder([later, newer, first, older])).toEqual([first, older, newer, later]);
  });

  it('when several have one id at one time, they are in the order of their repositories, however they came', () => {
    const of = (ref: number, repository: string) =>
      evidenceLeaf(statementOf('same', 1, 'k', { repository }), ref);
    const [registry, app, web] = [of(7, '_registry'), of(2, 'team/app'), of(4, 'team/web')];
    expect(inOrder([web, app, registry])).toEqual([registry, app, web]);
    expect(inOrder([registry, web, app])).toEqual([registry, app, web]);
    const again = of(9, 'team/app');
    expect(inOrder([again, app])).toEqual([again, app]);
  });
});
