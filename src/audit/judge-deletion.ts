import type { AuditRecord, RepositoryId } from '../history/fact.ts';
import type { JsonContent } from '../history/statement.ts';
import { type Removal, removalFinding } from '../workloads/removal.ts';
import type { Findings } from './findings.ts';
import type { ProtectionRecordsPorts } from './protection-records.ts';
import { changeState } from './protection-records.ts';
import {
  judgeRemoval,
  type RemovalJudgementPorts,
  removalOf,
  verdictContent,
  verdictKey,
} from './removal-judgement.ts';
import type { InventoryQueue } from './workload-ports.ts';

export interface JudgeDeletionPorts extends Omit<ProtectionRecordsPorts, 'states'>, RemovalJudgementPorts {
  readonly verdicts: ProtectionRecordsPorts['states'];
  readonly findings: Pick<Findings, 'raise'>;
  readonly queue: InventoryQueue;
  /** What a tag points to by history. */
  readonly heldBy: (repository: RepositoryId, tag: string) => Promise<string | undefined>;
}

/**
 * Judges every deletion and untag that is recorded: who used it, as far as anybody knows. The verdict is recorded also when
 * nobody did; when somebody did, or nobody can know, a finding says so at once, and the sources concerned are read again to
 * confirm or withdraw it. Telling the same record again changes nothing.
 */
export function judgeDeletion(ports: JudgeDeletionPorts) {
  const { links, verdicts, findings, queue, clock, log } = ports;
  const judge = judgeRemoval(ports);
  const change = changeState({ ...ports, states: verdicts });

  /** Told late: it has been pushed again since, or it never went. */
  async function isThere(removal: Removal): Promise<boolean> {
    return removal.tag === undefined
      ? (await links.presence(removal, removal.digest)) === 'present'
      : (await ports.heldBy(removal, removal.tag)) !== undefined;
  }

  return async (record: AuditRecord): Promise<void> => {
    if (record.fact.action === 'push') return;
    const removal = removalOf(record);
    const repository = { registry: removal.registry, repository: removal.repository };
    const [there, judged, before] = await Promise.all([
      isThere(removal),
      judge(removal),
      verdicts.state(repository, verdictKey(removal)),
    ]);
    if (there) return;
    const now = clock.now();
    // A record that is told again has been judged; its finding may have been settled since.
    const judgedAt = judgedBefore(before?.content, removal) ?? now;
    // Where no source is configured, nobody asked to be told of uses: the verdict says that it is not known.
    const finding =
      judged.sources.length === 0 ? undefined : removalFinding(removal, judged.judgement, judged);
    const [, raised] = await Promise.all([
      judgedAt === now
        ? change(
            repository,
            verdictKey(removal),
            (stored) =>
              judgedBefore(stored?.content, removal) !== undefined
                ? { result: undefined }
                : {
                    kind: 'deletion-judged',
                    content: verdictContent(removal, judged, now),
                    state: verdictContent(removal, judged, now),
                    result: undefined,
                  },
            { stored: before },
          )
        : undefined,
      finding && findings.raise(removal.registry, [finding], judgedAt),
    ]);
    const { answer, uses } = judged.judgement;
    log.info('deletion judged', {
      ...repository,
      digest: removal.digest,
      answer,
      uses: uses.length,
      event: record.fact.eventId,
      record: removal.record,
      ...(raised?.[0] === undefined ? {} : { finding: raised[0].id }),
    });
    if (finding === undefined) return;
    const concerned = answer === 'used' ? uses.map(({ claim }) => claim.source) : judged.inDoubt;
    for (const source of new Set(concerned)) await queue.refresh(source);
  };
}

/** When the removal was judged, if it was. */
function judgedBefore(content: JsonContent | undefined, { record }: Removal): number | undefined {
  const at = content?.['judgedAt'];
  return content?.['record'] === record && typeof at === 'number' ? at : undefined;
}
