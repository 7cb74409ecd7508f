import * as z from 'zod/mini';
import type { EvidenceOutcome, EvidenceRequest } from '../audit/evidence-pack.ts';
import type { Clock } from '../audit/ports.ts';
import type { UsesOverTime } from '../audit/uses-over-time.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { JsonContent } from '../history/statement.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import type { Digest } from '../registry/digest.ts';
import { formatReference } from '../registry/reference.ts';
import { evidenceDocument } from './documents/ledger.ts';
import { evidenceArchive } from './evidence-archive.ts';
import { isoTime } from './history-entry.ts';
import { readImage } from './image-parameter.ts';
import { badParameters, RequestProblem } from './problem.ts';
import { notResolved } from './resolve.ts';
import { route } from './route.ts';
import { timeParameter } from './time-parameter.ts';
import { useItem } from './uses.ts';

const formats = ['zip', 'json'] as const;
const query = z.strictObject({
  image: z.string({
    error:
      'is missing: give a repository with a digest or a tag, such as team/app@sha256:… or team/app:1.4.2',
  }),
  at: z.optional(timeParameter),
  format: z.optional(z.enum(formats, { error: `must be one of ${formats.join(', ')}` })),
});

const headers = { 'cache-control': 'no-store' };

/** `GET digests/evidence`: all that is known of a digest or a release, with its proofs, in one file. */
export function evidenceRoute(
  registries: readonly AcceptedRegistry[],
  pack: (request: EvidenceRequest) => Promise<EvidenceOutcome>,
  clock: Clock,
) {
  function requestOf(image: string, at: number | undefined): EvidenceRequest {
    const { registry, repository, tag, digest } = readImage(image, registries);
    if (digest !== undefined) {
      if (at === undefined) return { registry, repository, digest };
      throw badParameters([
        { name: 'at', reason: 'says when a tag is looked at: leave it out with a digest' },
      ]);
    }
    if (tag === undefined) {
      throw badParameters([{ name: 'image', reason: 'names no digest and no tag: end it with one of them' }]);
    }
    const now = clock.now();
    if (at !== undefined && at > now) {
      throw badParameters([{ name: 'at', reason: `is in the future: give a time up to ${isoTime(now)}` }]);
    }
    return { registry, repository, tag, at: at ?? now };
  }

  return route({
    name: 'getDigestsEvidence',
    method: 'GET',
    path: 'digests/evidence',
    summary:
      'Everything known of a digest, or of what a tag was at a time, with the proof of each record: one file that verifies alone.',
    role: 'Audit.Read',
    document: evidenceDocument,
    query,
    async answer({ query: { image, at, format = 'zip' } }) {
      const request = requestOf(image, at);
      const outcome = await pack(request);
      if (outcome.outcome !== 'packed') throw problemOf(request, outcome);
      if (format === 'json') return { headers, jsonBody: outcome.pack };
      const name = `evidence-${outcome.pack.subject.digest.replace(':', '-').slice(0, 19)}.zip`;
      return {
        headers: {
          ...headers,
          'content-type': 'application/zip',
          'content-disposition': `attachment; filename="${name}"`,
          'x-content-type-options': 'nosniff',
        },
        body: evidenceArchive(outcome.pack),
      };
    },
  });
}

/** What the inventories told of a digest, as a pack has it: it is in no log. */
export function toldUses(
  uses: (repository: RepositoryId, digest: Digest) => Promise<UsesOverTime>,
): (repository: RepositoryId, digest: Digest) => Promise<JsonContent> {
  return async (repository, digest) => {
    const { uses: some, coverage, isCut } = await uses(repository, digest);
    return {
      uses: some.map(useItem),
      usesCoverage: { ...coverage },
      ...(isCut ? { cutOff: ['uses'] } : {}),
    };
  };
}

function problemOf(
  request: EvidenceRequest,
  outcome: Exclude<EvidenceOutcome, { outcome: 'packed' }>,
): RequestProblem {
  const { registry, repository } = request;
  switch (outcome.outcome) {
    case 'unresolved': {
      const { tag, at } = 'tag' in request ? request : { tag: '', at: 0 };
      return new RequestProblem(notResolved({ registry, repository, tag }, at, outcome.resolution));
    }
    case 'unknown':
      return new RequestProblem({
        status: 404,
        type: 'digest-unknown',
        title: 'Nothing is known of this digest',
        detail: `${formatReference({ registry, repository, digest: outcome.digest })} is in no record. Check the repository: a digest may be in another one.`,
      });
    case 'too-much':
      return new RequestProblem({
        status: 422,
        type: 'too-much-evidence',
        title: 'There is more than one pack can hold',
        detail: `${tooMuch[outcome.tooMuch](outcome.most)} Verify the files of the whole log instead, which hold all of it: GET ledger/logs/${registry}/.`,
        members: { most: outcome.most, of: outcome.tooMuch },
      });
  }
}

const tooMuch = {
  records: (most: number) => `More than ${most} records concern it.`,
  statements: (most: number) => `The repository has more than ${most} statements to look through.`,
  parts: (most: number) => `It lists more than ${most} manifests.`,
};
