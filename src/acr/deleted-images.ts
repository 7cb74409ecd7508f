import type { ContainerRegistryClient } from '@azure/container-registry';
import type { TokenCredential } from '@azure/core-auth';
import { AuditFault } from '../audit/fault.ts';
import type { DeletedImages, DeletedManifest, DeletedTag, RestoreOutcome } from '../audit/restore-ports.ts';
import { parseDigest } from '../registry/digest.ts';
import type { Fields } from '../registry/fields.ts';
import { byteCount, digestForm, freeText, tagForm, timestampForm } from '../registry/form.ts';
import { present } from '../registry/present.ts';
import { listPages } from './page-listing.ts';
import type { ListShape } from './page-reading.ts';
import type { OperationOptions } from './raw-answer.ts';
import { type RetryOptions, registryCall } from './registry-call.ts';
import { type RegistryAccess, registryClients } from './registry-clients.ts';
import { isTokenRequest, unreadable } from './registry-fault.ts';
import { questionOf, readEndpoint } from './registry-question.ts';
import { postedTo } from './request-target.ts';

export interface DeletedImagesOptions extends Omit<RegistryAccess, 'timeoutMs' | 'credential'> {
  /** Of an identity with `registries/deleted/read` and `registries/deleted/restore/action`. */
  readonly credential: TokenCredential;
  /** Items of a page, 1 to 1,000 and 1,000 unless told. */
  readonly pageSize?: number;
  /** Milliseconds one attempt of one call may take, 30 seconds unless told. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
}

/** Codes of a 404 of a list: there is no such repository, or no soft delete. */
const unlisted = ['NAME_UNKNOWN', 'MANIFEST_UNKNOWN', 'UNSUPPORTED', 'NOT_FOUND'];
const absences = ['NAME_UNKNOWN', 'MANIFEST_UNKNOWN', 'TAG_UNKNOWN'];
/** What asking again does not change: no right to, locked, or a tag that is taken. */
const refusals = /^registry-40[1359]$/;

/**
 * What the soft delete of an Azure Container Registry keeps, through its data plane. The SDK has no such operations, so its
 * own are sent to the paths that the Azure CLI asks:
 * https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy.
 * @throws TypeError when the endpoint isn't the https address of a registry.
 */
export function deletedImages(options: DeletedImagesOptions): DeletedImages {
  const { endpoint, registry } = readEndpoint(options.endpoint);
  const { timeoutMs = 30_000, retry = {}, pageSize = 1_000 } = options;
  const clients = registryClients({ ...options, endpoint, timeoutMs });
  const call = registryCall({ timeoutMs, retry });

  function list<T>(
    repository: string,
    field: 'manifests' | 'tags',
    read: (item: Fields) => T | undefined,
  ): AsyncIterable<readonly T[]> {
    const shape = deletedIn(repository, field, read);
    const first = `${shape.path}?n=${pageSize}`;
    return listPages(call, {
      question: questionOf(registry, `list the ${field} that soft delete keeps of ${repository}`, repository),
      shape,
      endpoint,
      send: (operation, next = first) => pageAt(clients.metadata(repository), repository, operation, next),
    });
  }

  async function restored(repository: string, digest: string, tag?: string): Promise<RestoreOutcome> {
    const checked = parseDigest(digest);
    if (checked === undefined) throw new TypeError('a manifest is restored by its digest alone');
    const name = tag === undefined ? `${repository}@${checked}` : `${repository}:${tag} at ${checked}`;
    const asked = questionOf(registry, `restore ${name}`, repository, tag);
    const headers = postedTo(`/acr/v1/_deleted/${repository}/_manifests/${checked}`, present({ tag }));
    const outcome = await call(asked, absences, async (abortSignal) => {
      let isRestored = false;
      const operation: OperationOptions = {
        abortSignal,
        onResponse({ status, request }) {
          if (status >= 200 && status < 300 && !isTokenRequest(request.url)) isRestored = true;
        },
      };
      try {
        await clients
          .metadata(repository)
          .getArtifact(repository, checked)
          .getManifestProperties({ ...operation, requestOptions: { customHeaders: headers } });
      } catch (error) {
        // It was restored, whatever the SDK makes of the answer.
        if (!isRestored) throw error;
      }
      if (!isRestored) throw unreadable(asked, [{ field: '$', problem: 'is missing' }]);
      return 'restored' as const;
    });
    return { outcome: outcome ?? 'missing' };
  }

  return {
    manifests: (repository) => list(repository, 'manifests', readDeletedManifest),
    tags: (repository) => list(repository, 'tags', readDeletedTag),
    async restore(repository, digest, tag) {
      try {
        return await restored(repository, digest, tag);
      } catch (error) {
        if (!(error instanceof AuditFault) || !refusals.test(error.code)) throw error;
        return { outcome: 'refused', code: error.code };
      }
    },
  };
}

/** The SDK follows any link as that of its own list of manifests, which is read from its raw answer. */
function pageAt(
  client: ContainerRegistryClient,
  repository: string,
  operation: OperationOptions,
  continuationToken: string,
): Promise<unknown> {
  const manifests = client.getRepository(repository).listManifestProperties(operation);
  return manifests.byPage({ continuationToken }).next();
}

function deletedIn<T>(
  repository: string,
  field: 'manifests' | 'tags',
  read: (item: Fields) => T | undefined,
): ListShape<T> {
  return {
    path: `/acr/v1/_deleted/${repository}/_${field}`,
    field,
    repository,
    absences: unlisted,
    readItems: (body) => body.objects(field).map(read),
  };
}

function readDeletedManifest(fields: Fields): DeletedManifest | undefined {
  const digest = fields.required('digest', digestForm);
  const optional = {
    deletedAt: fields.optional('deletedAt', timestampForm),
    mediaType: fields.optional('mediaType', freeText(255)),
    size: fields.optional('imageSize', byteCount),
  };
  return digest && { digest, ...present(optional) };
}

function readDeletedTag(fields: Fields): DeletedTag | undefined {
  const tag = fields.required('tag', tagForm);
  const digest = fields.required('digest', digestForm);
  const deletedAt = fields.optional('deletedAt', timestampForm);
  return tag === undefined || digest === undefined ? undefined : { tag, digest, ...present({ deletedAt }) };
}
