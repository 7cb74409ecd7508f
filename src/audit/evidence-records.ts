import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';
import type { Statement } from '../history/statement.ts';
import { canonicalStatement } from '../ledger/canonical-record.ts';
import { type EvidenceSubject, evidenceScope, registryScope } from '../ledger/evidence-concern.ts';
import type { HistoryPages, HistoryScope, PlacedEntry } from './history-pages.ts';
import { wholeRegistry } from './holds.ts';
import type { HistoryReader } from './ports.ts';
import type { StatementPages } from './statement-pages.ts';

export interface EvidenceRecordsPorts {
  readonly pages: Pick<HistoryPages, 'page'>;
  readonly reader: Pick<HistoryReader, 'record'>;
  readonly statements: StatementPages;
}

/** The records that concern a subject. */
export interface EvidenceRecords {
  readonly facts: readonly AuditRecord[];
  readonly statements: readonly Statement[];
}

/** There is more than one answer can hold, or be looked through for. */
export interface TooMuch {
  readonly tooMuch: 'records' | 'statements' | 'parts';
  readonly most: number;
}

/** Records of one pack. */
const mostRecords = 2_000;
/** Statements of a repository, or about its registry, that are looked through for one pack. */
const mostScanned = 50_000;
/** Rows of one query. */
const pageSize = 1_000;
const mostAtOnce = 16;

/**
 * Gathers what concerns a subject: the facts of its digest and parts, those by which its tags went on to something else, and
 * each statement of the repository, or about the whole registry, that concerns it.
 */
export function evidenceRecords({ pages, reader, statements }: EvidenceRecordsPorts) {
  /** Entries of a timeline, `undefined` when there are too many. */
  async function entriesOf(scope: HistoryScope): Promise<readonly PlacedEntry[] | undefined> {
    const found: PlacedEntry[] = [];
    let after: string | undefined;
    do {
      const page = await pages.page({ scope, ...(after === undefined ? {} : { after }) }, pageSize);
      found.push(...page.entries);
      if (found.length > mostRecords) return undefined;
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  /** Statements that are wanted; `undefined` when there are too many to look through. */
  async function statementsOf(
    repository: RepositoryId,
    isWanted: (statement: Statement) => boolean,
  ): Promise<readonly Statement[] | undefined> {
    const found: Statement[] = [];
    let after: string | undefined;
    let scanned = 0;
    do {
      const page = await statements.page(repository, after === undefined ? {} : { after }, pageSize);
      scanned += page.items.length;
      found.push(...page.items.map(({ statement }) => statement).filter(isWanted));
      if (scanned > mostScanned) return undefined;
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  async function factsOf(subject: EvidenceSubject): Promise<readonly AuditRecord[] | undefined> {
    const repository = { registry: subject.registry, repository: subject.repository };
    const facts = new Map<string, AuditRecord>();
    const add = (fact: AuditRecord['fact']) =>
      facts.set(`${fact.at.time}|${fact.at.id}`, { ...repository, fact });
    const tags = new Set<string>();
    for (const digest of [subject.digest, ...subject.parts]) {
      const entries = await entriesOf({ ...repository, digest });
      for (const { entry } of entries ?? []) {
        add(entry.fact);
        if (entry.fact.tag !== undefined && digest === subject.digest) tags.add(entry.fact.tag);
      }
      if (entries === undefined || facts.size > mostRecords) return undefined;
    }
    for (const tag of tags) {
      const entries = await entriesOf({ ...repository, tag, digest: subject.digest });
      if (entries === undefined) return undefined;
      const ends = entries.flatMap(({ entry }) => (entry.until === undefined ? [] : [entry.until]));
      for (const some of inGroups<Instant>(ends, mostAtOnce)) {
        const ending = await Promise.all(some.map((at) => reader.record(repository, at)));
        for (const entry of ending) if (entry !== undefined) add(entry.fact);
      }
      if (facts.size > mostRecords) return undefined;
    }
    return [...facts.values()];
  }

  return async (subject: EvidenceSubject): Promise<EvidenceRecords | TooMuch> => {
    const candidates = await factsOf(subject);
    if (candidates === undefined) return { tooMuch: 'records', most: mostRecords };
    const scope = evidenceScope(subject, candidates);
    const facts = candidates.filter(scope.fact);
    const repository = { registry: subject.registry, repository: subject.repository };
    const own = await statementsOf(repository, (statement) =>
      scope.statement(statement, canonicalStatement(statement)),
    );
    if (own === undefined) return { tooMuch: 'statements', most: mostScanned };
    const ofRegistry = await statementsOf(wholeRegistry(subject.registry), registryScope(subject, own));
    if (ofRegistry === undefined) return { tooMuch: 'statements', most: mostScanned };
    const all = [...own, ...ofRegistry];
    return facts.length + all.length > mostRecords
      ? { tooMuch: 'records', most: mostRecords }
      : { facts, statements: all };
  };
}

/** Items in groups, in their order. */
export function inGroups<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, group) =>
    all.slice(group * size, (group + 1) * size),
  );
}
