import { createHash } from 'node:crypto';
import type { Rejections } from '../audit/ports.ts';
import { timeText } from './entry-codec.ts';
import type { Table } from './row.ts';

/** Bytes of a payload that are kept: the most one column holds. */
export const maxKeptPayload = 65_536;

/**
 * Keeps rejected input in the `rejected` table, one row a payload: partition = registry, key = the payload's SHA-256.
 * Characters that a key cannot hold are dropped from the registry's name, which may come from outside.
 */
export function rejections(rejected: Table): Rejections {
  return {
    async keep({ registry, reason, detail, receivedAt, payload }) {
      const bytes = Buffer.from(payload.toWellFormed(), 'utf8');
      await rejected.insert({
        partitionKey: registry.replace(/[^a-z0-9.:-]/g, '').slice(0, 255) || 'unknown',
        rowKey: createHash('sha256').update(bytes).digest('hex'),
        columns: {
          reason,
          // Half a pair of surrogates, which the cut may leave, is no text that storage has to take.
          detail: detail.slice(0, 4096).toWellFormed(),
          receivedAt: timeText(receivedAt),
          payload: bytes.subarray(0, maxKeptPayload),
          payloadBytes: bytes.length,
          truncated: bytes.length > maxKeptPayload,
        },
      });
    },
  };
}
