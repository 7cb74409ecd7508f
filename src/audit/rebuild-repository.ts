import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import type { Instant } from '../history/instant.ts';
import { AuditFault } from './fault.ts';
import type { HistoryReader, HistoryWriter, Log } from './ports.ts';
import { recordFact } from './record-fact.ts';

/** How a stored row differs from what the records tell. */
export interface Difference {
  /** The row's key; of a note that a digest is in the repository, the digest. */
  readonly row: string;
  /**
   * `unfounded`: no record tells it. `untold`: a record that came while the others were told; it is told before
   * anything is put right.
   */
  readonly is: 'missing' | 'different' | 'unfounded' | 'untold';
}

/** A repository's history, told again from its records beside the stored one. */
export interface Retelling {
  /** The history told again: nothing that is written here is stored. */
  readonly reader: HistoryReader;
  readonly writer: HistoryWriter;
  isTold(at: Instant): boolean;
  /** The repository's records that aren't told yet, oldest first, those announced but never recorded among them. */
  untold(): AsyncIterable<AuditRecord>;
  /** Compares what is stored with what was told. */
  differences(): Promise<readonly Difference[]>;
  /**
   * Stores what the last comparison found to be otherwise, each row only if it is as it was compared. Rows that have
   * changed since are left, so the comparison has to be repeated.
   */
  putRight(): Promise<void>;
}

/** Begins to tell a repository again; `unfinished` names records that may have been announced and not recorded. */
export type BeginRetelling = (repository: RepositoryId, unfinished: readonly Instant[]) => Retelling;

export interface RebuildRepositoryPorts {
  readonly begin: BeginRetelling;
  readonly log: Log;
}

/** What a rebuild is asked for. */
export interface RebuildRequest {
  /** Find what differs and change nothing. */
  readonly dryRun: boolean;
  readonly unfinished?: readonly Instant[];
}

/** What became of a repository: its records, and the rows that were put right or, in a dry run, that would be. */
export interface RepositoryRebuild {
  readonly records: number;
  readonly differences: readonly Difference[];
}

/** Comparisons after which a repository is left, since events keep arriving while it is compared. */
const maxComparisons = 32;

/**
 * Tells a repository's records again, oldest first, by the function that records events, and puts the stored rows right
 * where they say otherwise. It ends when a comparison finds nothing, so events may arrive all the while. Throws a
 * retryable {@link AuditFault} when they arrive too fast for that.
 */
export function rebuildRepository({ begin, log }: RebuildRepositoryPorts) {
  return async (
    repository: RepositoryId,
    { dryRun, unfinished = [] }: RebuildRequest,
  ): Promise<RepositoryRebuild> => {
    const retelling = begin(repository, unfinished);
    const tell = teller(retelling);
    const found = new Map<string, Difference>();
    let records = await tell();
    for (let comparison = 0; comparison < maxComparisons; comparison += 1) {
      const differences = await retelling.differences();
      if (differences.length === 0) return { records, differences: [...found.values()] };
      // What came meanwhile may be all the difference there is: it is told and compared before anything is believed.
      const late = await tell();
      records += late;
      if (late > 0) continue;
      if (dryRun) return { records, differences };
      for (const difference of differences) {
        const { row, is } = difference;
        if (!found.has(row)) log.info('row put right', { ...repository, row, is });
        found.set(row, difference);
      }
      await retelling.putRight();
    }
    throw new AuditFault('contention', `${repository.repository}: events arrive faster than it is compared`, {
      retryable: true,
    });
  };
}

function teller(retelling: Retelling): () => Promise<number> {
  const { reader, writer } = retelling;
  const record = recordFact({
    reader,
    writer,
    // Told in the order of time and once each, so that what is told is what was first announced.
    outbox: {
      announce: async ({ fact }) => (retelling.isTold(fact.at) ? 'known' : 'new'),
      announced: async () => undefined,
    },
  });
  return async () => {
    let told = 0;
    for await (const one of retelling.untold()) {
      const { outcome } = await record(one);
      if (outcome === 'recorded') told += 1;
    }
    return told;
  };
}
