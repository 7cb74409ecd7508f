import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { textThat } from '../registry/form.ts';
import { type Attribution, attributionJson, readAttribution } from './attribution.ts';
import type { Change } from './change.ts';
import type { AuditRecord } from './fact.ts';
import type { ManifestHead, TagHead, Versioned } from './head.ts';
import type { Instant } from './instant.ts';
import { maxRecordIdLength } from './record-id.ts';
import type { Statement } from './statement.ts';

const attributedKind = 'attributed';
const idPrefix = 'attributed.';

/**
 * States who did what a record tells, at its instant. The id follows from the record's, so that a record is attributed
 * once; of an id that is too long to have a prefix the end is taken, which with the time still tells records apart.
 */
export function statedAttribution(
  { registry, repository, fact }: AuditRecord,
  attribution: Attribution,
  recordedAt: number,
): Statement {
  const { at, action, digest, tag } = fact;
  return {
    registry,
    repository,
    at: { time: at.time, id: `${idPrefix}${at.id.slice(idPrefix.length - maxRecordIdLength)}` },
    recordedAt,
    kind: attributedKind,
    content: {
      recordId: at.id,
      action,
      digest,
      ...(tag === undefined ? {} : { tag }),
      attribution: attributionJson(attribution),
    },
  };
}

/** A record, by its instant, and who did what it tells. */
export interface Attributed {
  readonly of: Instant;
  readonly attribution: Attribution;
}

const recordIdForm = textThat('a record id', (text) => /^[A-Za-z0-9._=-]+$/.test(text));

/** Reads what a statement attributes; `undefined` when it is of another kind, or cannot be read. */
export function attributedBy({ kind, at, content }: Statement): Attributed | undefined {
  if (kind !== attributedKind) return undefined;
  const recordId = fieldsOf(content, '', noFindings()).required('recordId', recordIdForm);
  const attribution = readAttribution(content['attribution']);
  return recordId === undefined || attribution === undefined
    ? undefined
    : { of: { time: at.time, id: recordId }, attribution };
}

/** What was read of a record before it is attributed. */
export interface AttributionReading {
  readonly manifest: Versioned<ManifestHead>;
  /** The tags whose timelines have an entry of the record, with their heads, which were read before the entries. */
  readonly tags: readonly { readonly tag: string; readonly head?: Versioned<TagHead> }[];
}

/**
 * Every write that attributes a record: who did it, in each row that tells it. The heads are written with nothing over
 * what was read, since whoever tells these entries again has read a head, and would else write over it. The statement
 * comes last, so that a crash between transactions is noticed.
 */
export function planAttribution(
  statement: Statement,
  { of, attribution }: Attributed,
  { manifest, tags }: AttributionReading,
): readonly Change[] {
  const { digest } = manifest.value;
  return [
    ...tags.flatMap(({ tag, head }): Change[] => [
      { write: 'attribution', in: { tag }, of, attribution },
      ...(head === undefined ? [] : [{ write: 'tag-guard', tag, over: head.version } as const]),
    ]),
    { write: 'statement', statement },
    { write: 'attribution', in: { digest }, of, attribution },
    { write: 'attribution', in: 'records', of, attribution },
    { write: 'manifest-guard', digest, over: manifest.version },
  ];
}
