import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import { compareInstants } from '../history/instant.ts';
import type { JsonContent, JsonValue, Statement } from '../history/statement.ts';
import { readHold } from '../protection/hold-content.ts';
import type { Digest } from '../registry/digest.ts';
import { readPattern } from '../registry/pattern.ts';
import type { EvidenceLeaf } from './evidence-leaf.ts';
import { handoverKind } from './key-handover.ts';

/** What evidence is about: a digest, or the release that a tag was at a time, with the manifests that it lists. */
export interface EvidenceSubject extends RepositoryId {
  readonly digest: Digest;
  /** Manifests that the digest lists, at every depth. */
  readonly parts: readonly Digest[];
}

/** The repository of what concerns a whole registry: a name that none can have. */
const wholeRegistry = '_registry';

/** Milliseconds after a tag has moved on for which what is said of it still concerns what it held: that it moved, above all. */
const aftermath = 3_600_000;

const digestsInText = /sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g;

/** Tells which records of a repository concern a subject, once its facts are known. */
export interface EvidenceScope {
  readonly fact: (record: AuditRecord) => boolean;
  /** Of the repository itself. The text is the statement's canonical one. */
  readonly statement: (statement: Statement, text: string) => boolean;
}

/**
 * What concerns a subject, by the facts that may: those of its digest and parts, and those of the tags that it had. A
 * statement concerns it that names one of the digests, or, naming none, a tag while the digest had it and an hour after.
 */
export function evidenceScope(subject: EvidenceSubject, facts: readonly AuditRecord[]): EvidenceScope {
  const digests = new Set<string>([subject.digest, ...subject.parts]);
  const spans = spansOf(subject.digest, facts);
  const tags = new Set(spans.map(({ tag }) => tag));
  const isFact = ({ registry, repository, fact }: AuditRecord) =>
    registry === subject.registry &&
    repository === subject.repository &&
    (digests.has(fact.digest) || (fact.tag !== undefined && tags.has(fact.tag)));
  const ids = new Set(facts.filter(isFact).map(({ fact }) => fact.at.id));
  return {
    fact: isFact,
    statement({ registry, repository, at, content }, text) {
      if (registry !== subject.registry || repository !== subject.repository) return false;
      if (text.match(digestsInText)?.some((one) => digests.has(one))) return true;
      const { recordId, tag, digest } = content;
      if (typeof recordId === 'string' && ids.has(recordId)) return true;
      if (typeof tag !== 'string' || digest !== undefined) return false;
      return spans.some((span) => span.tag === tag && at.time >= span.from && at.time <= span.to + aftermath);
    },
  };
}

/**
 * Tells which statements about a whole registry concern a subject: holds on it, plans that concerned it, and handovers of the
 * log's keys, by which whoever was given the first ones believes the checkpoint.
 */
export function registryScope(
  subject: RepositoryId,
  statements: readonly Statement[],
): (statement: Statement) => boolean {
  const approvals = new Set(statements.flatMap(({ content }) => textIn(content, 'approval')));
  const plans = new Set(statements.flatMap(({ content }) => textIn(content, 'plan')));
  const isHeld = (hold: JsonContent | undefined): boolean => {
    const scope = hold && readHold(hold)?.scope;
    if (scope === undefined) return false;
    if (scope.kind === 'approval') return approvals.has(scope.approval);
    const reading = readPattern(scope.pattern);
    // As holds are read everywhere: doubt covers.
    return (
      scope.registry === subject.registry && (!reading.ok || reading.pattern.matches(subject.repository))
    );
  };
  return ({ registry, repository, kind, content, states = [] }) =>
    registry === subject.registry &&
    repository === wholeRegistry &&
    (kind === handoverKind ||
      textIn(content, 'plan').some((plan) => plans.has(plan)) ||
      states.some((state) => state.key.startsWith('h|') && isHeld(state.content)));
}

/** Of some records, those that concern a subject. */
export function concerning(
  subject: EvidenceSubject,
  leaves: readonly EvidenceLeaf[],
): readonly EvidenceLeaf[] {
  const facts = leaves.flatMap((leaf) => (leaf.type === 'fact' ? [leaf.record] : []));
  const scope = evidenceScope(subject, facts);
  const own = leaves.filter((leaf) =>
    leaf.type === 'fact' ? scope.fact(leaf.record) : scope.statement(leaf.record, leaf.text),
  );
  const statements = own.flatMap((leaf) => (leaf.type === 'statement' ? [leaf.record] : []));
  const ofRegistry = registryScope(subject, statements);
  const concerned = new Set<EvidenceLeaf>(own);
  return leaves.filter(
    (leaf) => concerned.has(leaf) || (leaf.type === 'statement' && ofRegistry(leaf.record)),
  );
}

/** When a tag had the digest, as far as is known; epoch milliseconds. */
interface Span {
  readonly tag: string;
  readonly from: number;
  readonly to: number;
}

function spansOf(digest: Digest, facts: readonly AuditRecord[]): readonly Span[] {
  const spans: Span[] = [];
  const open = new Map<string, number>();
  const end = (tag: string, to: number) => {
    const from = open.get(tag);
    if (from !== undefined) spans.push({ tag, from, to });
    open.delete(tag);
  };
  for (const { fact } of facts.toSorted((a, b) => compareInstants(a.fact.at, b.fact.at))) {
    const { action, tag, at } = fact;
    if (action === 'delete') {
      if (fact.digest === digest) for (const held of [...open.keys()]) end(held, at.time);
    } else if (tag !== undefined) {
      if (action === 'untag' || fact.digest !== digest) end(tag, at.time);
      // As early as it may have been.
      else if (!open.has(tag)) open.set(tag, fact.notBefore ?? at.time);
    }
  }
  for (const [tag, from] of open) spans.push({ tag, from, to: Number.POSITIVE_INFINITY });
  return spans;
}

function textIn(content: Readonly<Record<string, JsonValue | undefined>>, name: string): readonly string[] {
  const value = content[name];
  return typeof value === 'string' ? [value] : [];
}
