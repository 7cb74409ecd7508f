import type { Digest } from './digest.ts';
import {
  type ChartVersion,
  type EventClient,
  type EventData,
  type EventRequest,
  readEventData,
} from './event-data.ts';
import { type EventEnvelope, readEnvelope, readEventType } from './event-envelope.ts';
import type { FieldProblem } from './field-problem.ts';
import { fieldsOf } from './fields.ts';
import { type Findings, noFindings } from './findings.ts';
import { cleanFreeText, quote } from './free-text.ts';
import { present } from './present.ts';

/** What happened to a manifest, or to a chart of the retired Helm 2 repositories. */
export type RegistryEventAction = 'push' | 'delete' | 'chart_push' | 'chart_delete';

/**
 * An event of Azure Container Registry, freed of schema and delivery. Free texts are bounded and free of control
 * and bidirectional characters, but not encoded for any output.
 * Source: https://learn.microsoft.com/azure/event-grid/event-schema-container-registry
 */
export interface RegistryEvent {
  /** The envelope's id: the same in every delivery of the event. 1 to 100 printable characters. */
  readonly id: string;
  /** `data.id`, which may differ from the envelope's. */
  readonly dataId?: string;
  /** By the event's type. */
  readonly action: RegistryEventAction;
  /** Azure resource id of the registry in lower case, without the connected registry below it. */
  readonly resourceId: string;
  /** The last segment of {@link resourceId}. */
  readonly registryName: string;
  /** The connected registry that took the request, in lower case. */
  readonly connectedRegistry?: string;
  /** When the registry did it, by its own clock: epoch milliseconds. */
  readonly occurredAt: number;
  readonly repository: string;
  readonly digest: Digest;
  /** Absent from deletions, and from pushes by digest. */
  readonly tag?: string;
  readonly mediaType?: string;
  /** Bytes. */
  readonly size?: number;
  /** Bytes. */
  readonly length?: number;
  readonly chart?: ChartVersion;
  /** Azure region of the replica, lower case. */
  readonly location?: string;
  readonly client: EventClient;
  readonly request?: EventRequest;
  readonly dataVersion?: string;
  /** Repairs, and contradictions with how they were settled. */
  readonly notes: readonly string[];
}

/**
 * What an outside value turned out to be. An event of another type is none of ours and no fault: log and acknowledge.
 * An invalid one lists every field that can't be read, and its id when that can.
 */
export type RegistryEventReading =
  | { readonly outcome: 'event'; readonly event: RegistryEvent }
  | { readonly outcome: 'other-type'; readonly type: string }
  | { readonly outcome: 'invalid'; readonly problems: readonly FieldProblem[]; readonly id?: string };

const typePrefix = 'microsoft.containerregistry.';
const actions: ReadonlyMap<string, RegistryEventAction> = new Map([
  ['ImagePushed', 'push'],
  ['ImageDeleted', 'delete'],
  ['ChartPushed', 'chart_push'],
  ['ChartDeleted', 'chart_delete'],
]);

/**
 * Reads one event (not an array of them) as Event Grid delivers it, in its own schema or as CloudEvents 1.0, with
 * `data` as an object or as the text of one. Unknown fields are ignored. Never throws.
 */
export function readRegistryEvent(input: unknown): RegistryEventReading {
  const findings = noFindings();
  const fields = fieldsOf(input, '', findings);
  const type = readEventType(fields);
  const action = type === undefined ? undefined : actionOf(type);
  if (type !== undefined && action === undefined) {
    return { outcome: 'other-type', type: cleanFreeText(type, 256).text };
  }
  const envelope = readEnvelope(fields);
  const data = readEventData(envelope.data);
  const event = settle(action, envelope, data, findings);
  return event === undefined || findings.problems.length > 0
    ? {
        outcome: 'invalid',
        problems: findings.problems,
        ...(envelope.id !== undefined && { id: envelope.id }),
      }
    : { outcome: 'event', event: { ...event, notes: findings.notes } };
}

function actionOf(type: string): RegistryEventAction | undefined {
  const prefix = type.slice(0, typePrefix.length).toLowerCase();
  return prefix === typePrefix ? actions.get(type.slice(typePrefix.length)) : undefined;
}

/** Makes one event of envelope and data; where they contradict each other, says so and decides. */
function settle(
  action: RegistryEventAction | undefined,
  envelope: EventEnvelope,
  data: EventData,
  findings: Findings,
): Omit<RegistryEvent, 'notes'> | undefined {
  const { id, registry, dataVersion } = envelope;
  const { digest, repository, tag, mediaType, size, length, location, client } = data;
  const occurredAt = settleTime(envelope, data, findings);
  if (
    id === undefined ||
    action === undefined ||
    registry === undefined ||
    occurredAt === undefined ||
    repository === undefined ||
    digest === undefined
  ) {
    return undefined;
  }
  const { resourceId, registryName } = registry;
  if (data.action !== undefined && data.action !== action) {
    findings.note(`data.action ${quote(data.action)} contradicts the event's type; the type wins`);
  }
  const isChart = action === 'chart_push' || action === 'chart_delete';
  if (!isChart) {
    compareSubject(envelope.subject, { repository, digest, tag }, findings);
  }
  return {
    id,
    action,
    resourceId,
    registryName,
    occurredAt,
    repository,
    digest,
    client,
    ...present({
      dataId: data.id,
      connectedRegistry: settleConnectedRegistry(
        registry.connectedRegistry,
        data.connectedRegistry,
        findings,
      ),
      tag,
      mediaType,
      size,
      length,
      chart: isChart ? unlessEmpty(data.chart) : undefined,
      location,
      request: unlessEmpty(data.request),
      dataVersion,
    }),
  };
}

/** The registry's clock, else the envelope's, which is Event Grid's and a little later. */
function settleTime(envelope: EventEnvelope, data: EventData, findings: Findings): number | undefined {
  if (envelope.data.sent('timestamp') !== undefined) {
    return data.timestamp;
  }
  if (envelope.time === undefined) {
    envelope.data.problem(
      'timestamp',
      'is missing, and the event has no time of its own: expected an RFC 3339 timestamp',
    );
  } else {
    findings.note("data.timestamp is missing; the event's own time stands in");
  }
  return envelope.time;
}

function settleConnectedRegistry(
  inTopic: string | undefined,
  inData: string | undefined,
  findings: Findings,
): string | undefined {
  if (inTopic !== undefined && inData !== undefined && inTopic !== inData) {
    findings.note(
      `connected registry ${quote(inData)} contradicts the topic's ${quote(inTopic)}; the topic wins`,
    );
  }
  return inTopic ?? inData;
}

/**
 * Documented subjects are `repository:tag` for a push and `repository` for a deletion; that of a push by digest isn't
 * documented, nor are those of charts.
 */
function compareSubject(
  subject: string | undefined,
  target: { readonly repository: string; readonly digest: Digest; readonly tag: string | undefined },
  findings: Findings,
): void {
  const { repository, digest, tag } = target;
  const named = tag === undefined ? repository : `${repository}:${tag}`;
  if (subject !== undefined && ![named, repository, `${repository}@${digest}`].includes(subject)) {
    findings.note(`subject ${quote(subject)} contradicts target ${quote(named)}; target wins`);
  }
}

function unlessEmpty<T extends object>(record: T): T | undefined {
  return Object.keys(record).length > 0 ? record : undefined;
}
