import { type Unzipped, unzipSync, zipSync } from 'fflate';
import type { EvidencePack } from '../ledger/evidence-pack.ts';
import { evidenceSummary } from '../ledger/evidence-summary.ts';

const packName = 'evidence.json';
const summaryName = 'summary.html';

/** The most bytes of a pack, as it is sent and unpacked: 2,000 records have a few thousand each. */
const mostBytes = 128 * 1024 * 1024;

/**
 * A pack and its summary for people as one zip file. The same pack makes the same bytes: files have the earliest time that a
 * zip can tell.
 */
export function evidenceArchive(pack: EvidencePack): Uint8Array {
  const text = JSON.stringify(pack, undefined, 1);
  const summary = evidenceSummary({ ...pack, sections: { ...pack.sections } });
  const encoder = new TextEncoder();
  return zipSync(
    { [packName]: encoder.encode(text), [summaryName]: encoder.encode(summary) },
    // In the zone of whoever packs, which is how zips tell times: the same digits everywhere.
    { mtime: new Date(1980, 0, 1), level: 6 },
  );
}

/**
 * Reads a pack from its zip file, its summary put to it as `summary`, or from its JSON; `undefined` when the bytes are
 * neither, or are more than a pack can be. A zip that has anything else in it is none of ours: it would be shown, and be
 * verified by nobody. Never throws.
 */
export function readEvidence(bytes: Uint8Array): unknown {
  if (bytes.length > mostBytes) return undefined;
  try {
    const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
    if (!isZip) return JSON.parse(decoded(bytes));
    const files = unzipped(bytes);
    const [pack, summary] = [files?.[packName], files?.[summaryName]];
    if (pack === undefined || summary === undefined) return undefined;
    const value: unknown = JSON.parse(decoded(pack));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value, summary: decoded(summary) }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The files of a zip, each once, and no larger together than a pack can be. */
function unzipped(bytes: Uint8Array): Unzipped | undefined {
  const names: string[] = [];
  let isWanted = true;
  let left = mostBytes;
  const files = unzipSync(bytes, {
    filter({ name, originalSize }) {
      names.push(name);
      left -= originalSize;
      // No more is written than the size that is told, whatever the content is.
      isWanted &&= (name === packName || name === summaryName) && left >= 0 && names.length <= 2;
      return isWanted;
    },
  });
  return isWanted && new Set(names).size === names.length ? files : undefined;
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
