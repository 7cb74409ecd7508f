import { type ContainerRegistryContentClient, DigestMismatchError } from '@azure/container-registry';
import type { Referrer } from '../protection/closure.ts';
import type { Digest } from '../registry/digest.ts';
import type { Fields } from '../registry/fields.ts';
import { digestForm, freeText } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import { endless, listPages } from './page-listing.ts';
import type { ListShape } from './page-reading.ts';
import type { RegistryCall } from './registry-call.ts';
import { isRouteAbsence, type Question } from './registry-fault.ts';
import { sentTo } from './request-target.ts';

/** The most referrers of one manifest that are read, and the most pages of them. */
const maxReferrers = 10_000;
const maxPages = 1_000;

export interface ReferrerListing {
  readonly question: Question;
  readonly repository: string;
  readonly digest: Digest;
  readonly endpoint: string;
  /** The client that reads manifests, which needs the same right as this. */
  client(): ContainerRegistryContentClient;
}

/**
 * Lists what names a manifest as its subject; `undefined` when the registry has no API for it, which is a 404 that says
 * nothing of the repository or the manifest, as oras reads it too. The SDK has no such operation, so its request for a
 * manifest is sent there.
 * Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function listReferrers(
  call: RegistryCall,
  { question, repository, digest, endpoint, client }: ReferrerListing,
): Promise<readonly Referrer[] | undefined> {
  const shape = referrersOf(repository, digest);
  const pages = listPages(call, {
    question,
    shape,
    endpoint,
    maxPages,
    send: (operation, page = shape.path) =>
      client()
        .getManifest(digest, {
          ...operation,
          requestOptions: { customHeaders: { accept: indexMediaType, ...sentTo(page) } },
        })
        .catch((error: unknown) => {
          // The list has been read by then; it is no manifest, and doesn't have the digest of one.
          if (!(error instanceof DigestMismatchError)) throw error;
        }),
  });
  const referrers: Referrer[] = [];
  try {
    for await (const page of pages) {
      referrers.push(...page);
      if (referrers.length > maxReferrers) throw endless(question);
    }
  } catch (fault) {
    if (referrers.length === 0 && isRouteAbsence(fault)) return undefined;
    throw fault;
  }
  return referrers;
}

const indexMediaType = 'application/vnd.oci.image.index.v1+json';

/** Written as other clients do, without encoding: nothing in a name or a digest needs it. */
function referrersOf(repository: string, digest: Digest): ListShape<Referrer> {
  return {
    path: `/v2/${repository}/referrers/${digest}`,
    field: 'manifests',
    // A registry with the API answers an empty list for what it doesn't know, or says so.
    absences: ['NAME_UNKNOWN', 'MANIFEST_UNKNOWN'],
    readItems: (body) => body.objects('manifests').map(readReferrer),
  };
}

function readReferrer(descriptor: Fields): Referrer | undefined {
  const digest = descriptor.required('digest', digestForm);
  const artifactType = descriptor.optional('artifactType', freeText(255));
  return digest && present({ digest, artifactType });
}
