import type { ContainerRegistryClient } from '@azure/container-registry';
import type { TokenCredential } from '@azure/core-auth';
import { AuditFault } from '../audit/fault.ts';
import type { RegistryPermission, RegistryPermissions } from '../audit/registry-grants.ts';
import type { OperationOptions } from './raw-answer.ts';
import { type RetryOptions, registryCall } from './registry-call.ts';
import { type RegistryAccess, registryClients } from './registry-clients.ts';
import { absenceIn, isTokenRequest, type Question } from './registry-fault.ts';
import { questionOf, readEndpoint } from './registry-question.ts';
import { postedTo, sentTo } from './request-target.ts';

export interface RegistryPermissionsOptions extends Omit<RegistryAccess, 'timeoutMs' | 'credential'> {
  /** Of the identity that is looked at. */
  readonly credential: TokenCredential;
  /** A repository to ask of: one that is there, so that conditions of role assignments are those of its name. */
  readonly repository?: string;
  /** Milliseconds one attempt of one call may take, 10 seconds unless told. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
}

/** A digest that nothing has: no content is known whose SHA-256 is zero. */
const absentDigest = `sha256:${'0'.repeat(64)}`;
const absentUpload = '00000000-0000-0000-0000-000000000000';
const absentRepository = 'acr-audit-preflight';

/** What a registry says of what is not there, to who may ask for it. */
const absences = [
  'NAME_UNKNOWN',
  'MANIFEST_UNKNOWN',
  'TAG_UNKNOWN',
  'BLOB_UPLOAD_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
];

/** What the registry answered, the last of its token endpoint where there was no other. */
interface Seen {
  readonly status: number;
  readonly body: string;
}

type Send = (operation: OperationOptions) => Promise<unknown>;

/**
 * What an identity may do in an Azure Container Registry, tried by asking for what is not there: a digest of zeros, an upload
 * that nobody began. Who may, is told that it is absent (404); who may not, is refused (401 `UNAUTHORIZED`, seen of missing
 * roles, or 403). Nothing can be changed by it: there is nothing that it could be done to.
 * @throws TypeError when the endpoint isn't the https address of a registry.
 */
export function registryPermissions(options: RegistryPermissionsOptions): RegistryPermissions {
  const { endpoint, registry } = readEndpoint(options.endpoint);
  const {
    timeoutMs = 10_000,
    retry = { attempts: 2, maxWaitMs: 5_000 },
    repository = absentRepository,
  } = options;
  const clients = registryClients({ ...options, endpoint, timeoutMs });
  const call = registryCall({ timeoutMs, retry });

  /** Each with a client of its own, which has no token for anything else. */
  function sends(permission: RegistryPermission): Send {
    const client =
      permission === 'list' ? clients.catalog() : clients.metadata(`${repository}#${permission}`);
    return sendOf(permission, client, repository);
  }

  return {
    async may(permission) {
      const asked = questionOf(registry, `say whether this identity may ${permission}`, repository);
      const send = sends(permission);
      const seen = await call(asked, [], (abortSignal) => attempt(send, abortSignal));
      return verdict(seen, asked);
    },
  };
}

async function attempt(send: Send, abortSignal: AbortSignal): Promise<Seen | undefined> {
  let seen: Seen | undefined;
  let ofToken: Seen | undefined;
  const operation: OperationOptions = {
    abortSignal,
    onResponse({ status, request, bodyAsText }) {
      const answer = { status, body: bodyAsText ?? '' };
      if (isTokenRequest(request.url)) ofToken = answer;
      else seen = answer;
    },
  };
  try {
    await send(operation);
  } catch (error) {
    const told = seen ?? ofToken;
    // What passes is tried again, and what was never answered is told as it is.
    if (told === undefined || told.status === 408 || told.status === 429 || told.status >= 500) throw error;
    return told;
  }
  return seen ?? ofToken;
}

function verdict(seen: Seen | undefined, { registry, doing }: Question): boolean {
  const { status = 0, body = '' } = seen ?? {};
  if (status >= 200 && status < 300) return true;
  if (status === 404 && absenceIn(body, absences)) return true;
  // https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-access
  const isFirewall = status === 403 && absenceIn(body, ['DENIED']);
  if ((status === 401 || status === 403) && !isFirewall) return false;
  const why = isFirewall ? 'its network rules refuse this app' : `it answered ${status}`;
  throw new AuditFault(`registry-${status}`, `${registry} did not ${doing}: ${why}`, { retryable: false });
}

function sendOf(permission: RegistryPermission, client: ContainerRegistryClient, repository: string): Send {
  const absent = client.getArtifact(repository, absentDigest);
  const readAt = (path: string): Send => {
    const customHeaders = sentTo(path);
    return (operation) => absent.getManifestProperties({ ...operation, requestOptions: { customHeaders } });
  };
  switch (permission) {
    case 'list':
      return (operation) => client.listRepositoryNames(operation).byPage({ maxPageSize: 1 }).next();
    case 'read-metadata':
      return (operation) => absent.getManifestProperties(operation);
    case 'pull':
      return readAt(`/v2/${repository}/manifests/${absentDigest}`);
    case 'read-deleted':
      return readAt(`/acr/v1/_deleted/${repository}/_manifests?n=1`);
    case 'lock':
      return (operation) =>
        absent.updateManifestProperties({ canDelete: false, canWrite: false, ...operation });
    case 'push': {
      const customHeaders = sentTo(`/v2/${repository}/blobs/uploads/${absentUpload}`);
      return (operation) =>
        absent.updateManifestProperties({ ...operation, requestOptions: { customHeaders } });
    }
    case 'delete':
      return (operation) => absent.delete(operation);
    case 'restore': {
      const customHeaders = postedTo(`/acr/v1/_deleted/${repository}/_manifests/${absentDigest}`, {});
      return (operation) => absent.getManifestProperties({ ...operation, requestOptions: { customHeaders } });
    }
  }
}
