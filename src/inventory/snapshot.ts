import type { FieldProblem } from '../registry/field-problem.ts';
import type { InventoryReading } from '../workloads/claim.ts';
import { readKubernetesObjects } from './kubernetes-objects.ts';
import { readSubmission } from './submission.ts';
import { formatOf, submissionFormats } from './submitted-format.ts';

/** A snapshot as it came. Times are epoch milliseconds. */
export interface SentSnapshot {
  readonly text: string;
  readonly contentType: string;
  readonly format?: string;
  readonly environment?: string;
  readonly since?: number;
  readonly ownerLabel?: string;
  readonly now: number;
}

/** A snapshot that was read, or why it was not. */
export type SnapshotReading =
  | {
      readonly outcome: 'read';
      readonly reading: InventoryReading;
      readonly complete: boolean;
      /** Milliseconds for which it says to hold. */
      readonly ttl?: number;
    }
  | { readonly outcome: 'unsupported'; readonly problem: string }
  | { readonly outcome: 'unreadable'; readonly problems: readonly FieldProblem[] };

/** Characters of a snapshot of JSON: what `kubectl get --output json` says of a large cluster. */
const maxJsonLength = 32 * 1024 * 1024;

/** Reads a snapshot of any form that docs/inventory-snapshots.md describes. Never throws. */
export function readSnapshot(sent: SentSnapshot): SnapshotReading {
  const { text, contentType, format: asked, environment, since, ownerLabel, now } = sent;
  const format = formatOf(contentType, asked);
  if (format === undefined) {
    const forms = submissionFormats.join(', ');
    return {
      outcome: 'unsupported',
      problem: `Send application/json, application/yaml or text/plain, with \`format\` one of ${forms}.`,
    };
  }
  // Lines of references are for text alone: JSON that was cut off or mistaken must not pass for some.
  if (
    /^application\/(?:json|[^;]*\+json)\b/i.test(contentType) &&
    !/^\s*[[{]/.test(text.replace(/^\uFEFF/, ''))
  ) {
    return { outcome: 'unreadable', problems: [{ field: '$', problem: 'is not JSON: expected an object' }] };
  }
  const read = readSubmission({
    format,
    text,
    now,
    readKubernetesObjects,
    maxJsonLength,
    ...(since === undefined ? {} : { since }),
    ...(ownerLabel === undefined ? {} : { ownerLabel }),
  });
  if (!read.ok) return { outcome: 'unreadable', problems: read.problems };
  const { reading, complete, ttl } = read;
  const claims = reading.claims.map((claim) =>
    environment === undefined || claim.workload.environment !== undefined
      ? claim
      : { ...claim, workload: { ...claim.workload, environment } },
  );
  return {
    outcome: 'read',
    reading: { ...reading, claims },
    complete,
    ...(ttl === undefined ? {} : { ttl }),
  };
}
