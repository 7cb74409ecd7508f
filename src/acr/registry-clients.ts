import {
  ContainerRegistryClient,
  type ContainerRegistryClientOptions,
  ContainerRegistryContentClient,
} from '@azure/container-registry';
import type { TokenCredential } from '@azure/core-auth';
import { boundedHttpClient } from './bounded-http-client.ts';
import { clientCache } from './client-cache.ts';
import { registryCredential } from './registry-credential.ts';
import { targetPolicy } from './request-target.ts';

export interface RegistryAccess {
  /** Such as `https://contoso.azurecr.io`. */
  readonly endpoint: string;
  /** Without it, the registry is read as anybody may: it must allow anonymous pull. */
  readonly credential?: TokenCredential;
  /** The authority to trust, as PEM text, instead of those of the system. */
  readonly ca?: string;
  /** Milliseconds one request may take. */
  readonly timeoutMs: number;
}

/**
 * The SDK's clients of one registry. A client holds one access token, of one scope, so there is one for each repository
 * and purpose; used for several, it would be refused and ask for another token at every change.
 */
export interface RegistryClients {
  catalog(): ContainerRegistryClient;
  metadata(repository: string): ContainerRegistryClient;
  documents(repository: string): ContainerRegistryContentClient;
}

/** The most repositories whose clients are kept. */
const keptRepositories = 16;

/**
 * Well below the three hours that the registry's refresh tokens live: shortly before its own runs out, the SDK renews
 * it in the background, and a failure there is a rejection that nothing handles.
 */
const maxAgeMs = 60 * 60_000;

/** A page of 1,000 manifests is about half a megabyte; one with very many tags is still far from this. */
const maxAnswerBytes = 32 * 1024 * 1024;

export function registryClients({ endpoint, credential, ca, timeoutMs }: RegistryAccess): RegistryClients {
  const options: ContainerRegistryClientOptions = {
    httpClient: boundedHttpClient({ timeoutMs, maxBytes: maxAnswerBytes }),
    retryOptions: { maxRetries: 0 },
    additionalPolicies: [{ policy: targetPolicy(endpoint), position: 'perCall' }],
    redirectOptions: { allowCrossOriginRedirects: false },
    ...(ca === undefined ? {} : { tlsOptions: { ca } }),
  };
  const identity = credential && registryCredential(credential, new URL(endpoint).host);

  const metadata = () =>
    identity === undefined
      ? new ContainerRegistryClient(endpoint, options)
      : new ContainerRegistryClient(endpoint, identity, options);

  const documents = (repository: string) =>
    identity === undefined
      ? anonymousContentClient(endpoint, repository, options)
      : new ContainerRegistryContentClient(endpoint, repository, identity, options);

  const catalogCache = clientCache({ limit: 1, maxAgeMs }, metadata);
  return {
    catalog: () => catalogCache(''),
    metadata: clientCache({ limit: keptRepositories, maxAgeMs }, metadata),
    documents: clientCache({ limit: keptRepositories, maxAgeMs }, documents),
  };
}

/** Without a credential this client asks for tokens of anybody, like the other one; only its types demand one. */
function anonymousContentClient(
  endpoint: string,
  repository: string,
  options: ContainerRegistryClientOptions,
): ContainerRegistryContentClient {
  const client: unknown = Reflect.construct(ContainerRegistryContentClient, [
    endpoint,
    repository,
    undefined,
    options,
  ]);
  if (!(client instanceof ContainerRegistryContentClient)) throw new TypeError('not a content client');
  return client;
}
