import type { DeletedManifests } from '../audit/removal-judgement.ts';
import { fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { digestForm } from '../registry/form.ts';
import { ask, parsedJson } from './raw-answer.ts';
import { registryCall } from './registry-call.ts';
import { type RegistryAccess, registryClients } from './registry-clients.ts';
import { questionOf, readEndpoint } from './registry-question.ts';
import { sentTo } from './request-target.ts';

/** Nobody waits long for this: it is asked while somebody is to be alerted. */
const timeoutMs = 3_000;
/** Manifests of the page that would have the one asked for. */
const pageSize = 10;

/**
 * Asks a registry what its soft delete keeps. The SDK has no such operation, so its request for a manifest's properties is
 * sent there, as the Azure CLI asks it: https://learn.microsoft.com/azure/container-registry/container-registry-soft-delete-policy
 */
export function deletedManifests(access: Omit<RegistryAccess, 'timeoutMs'>): DeletedManifests {
  const { endpoint, registry } = readEndpoint(access.endpoint);
  const clients = registryClients({ ...access, endpoint, timeoutMs });
  const call = registryCall({ timeoutMs, retry: { attempts: 1 } });
  return {
    async isRestorable({ repository }, digest) {
      const question = questionOf(registry, 'list what soft delete keeps of', repository);
      // The list is in the order of digests: begin just before the one asked for.
      const query = `n=${pageSize}&last=${encodeURIComponent(digest.slice(0, -1))}`;
      const path = `/acr/v1/_deleted/${repository}/_manifests?${query}`;
      let kept: boolean | undefined;
      await ask(call, {
        question,
        absences: ['NAME_UNKNOWN', 'MANIFEST_UNKNOWN', 'UNSUPPORTED', 'NOT_FOUND'],
        send: (operation) =>
          clients
            .metadata(repository)
            .getArtifact(repository, digest)
            .getManifestProperties({ ...operation, requestOptions: { customHeaders: sentTo(path) } })
            .catch((error: unknown) => {
              // The list has been read by then; it is no manifest's properties.
              if (kept === undefined) throw error;
            }),
        read({ text }) {
          const body = fieldsOf(parsedJson(text, question), '', noFindings());
          kept = body
            .objects('manifests')
            .some((manifest) => manifest.optional('digest', digestForm) === digest);
          return kept;
        },
      });
      return kept;
    },
  };
}
