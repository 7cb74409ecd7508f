import { createHash } from 'node:crypto';
import { AuditFault } from '../audit/fault.ts';
import { type Digest, digestAlgorithm } from '../registry/digest.ts';
import { type Manifest, readManifest } from '../registry/manifest.ts';
import { parsedJson, type RawAnswer } from './raw-answer.ts';
import { type Question, unreadable } from './registry-fault.ts';

/**
 * Every kind of manifest that can be read. The SDK's own list lacks artifact manifests, and a registry may answer
 * MANIFEST_UNKNOWN for a kind that isn't accepted: it would pass for a manifest that isn't there.
 */
export const acceptedManifests = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.artifact.manifest.v1+json',
  'application/vnd.cncf.oras.artifact.manifest.v1+json',
].join(', ');

/**
 * Reads the document that has this digest. @throws AuditFault when it has another, or cannot be read. The digest is of
 * bytes, here of those of the text: bytes that are no UTF-8 are no JSON, and are refused as another document.
 */
export function readDocument({ text, contentType }: RawAnswer, digest: Digest, question: Question): Manifest {
  const algorithm = digestAlgorithm(digest);
  const actual = `${algorithm}:${createHash(algorithm).update(text, 'utf8').digest('hex')}`;
  if (actual !== digest) {
    throw new AuditFault(
      'registry-digest-mismatch',
      `${question.registry} sent a manifest with the digest ${actual} when asked to ${question.doing}`,
      { retryable: false },
    );
  }
  const reading = readManifest(contentType, parsedJson(text, question));
  if (!reading.ok) throw unreadable(question, reading.problems);
  return reading.manifest;
}
