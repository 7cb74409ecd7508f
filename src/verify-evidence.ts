import { readFile, stat } from 'node:fs/promises';
import { readEvidence } from './api/evidence-archive.ts';
import { type EvidenceVerdict, verifyEvidence } from './ledger/evidence-verification.ts';
import type { VerifierKey } from './ledger/signed-note.ts';

/** Bytes of a pack, far more than any has. */
const longestPack = 512 * 1_048_576;

/** Verifies a file of evidence, a zip or JSON, by keys that are trusted. Throws where the file cannot be read. */
export async function verifyEvidenceFile(
  path: string,
  keys: readonly VerifierKey[],
): Promise<EvidenceVerdict> {
  const { size } = await stat(path);
  if (size > longestPack) return { ok: false, where: '$', problem: `is longer than ${longestPack} bytes` };
  const pack = readEvidence(await readFile(path));
  return pack === undefined
    ? { ok: false, where: '$', problem: 'is no evidence of this format, or is damaged' }
    : verifyEvidence(pack, keys);
}
