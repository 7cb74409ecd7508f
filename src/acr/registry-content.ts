import { DigestMismatchError } from '@azure/container-registry';
import type { AuditFault } from '../audit/fault.ts';
import type { RegistryContent } from '../audit/registry-content.ts';
import { digestAlgorithm } from '../registry/digest.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { acceptedManifests, readDocument } from './document-reading.ts';
import { listPages } from './page-listing.ts';
import { catalogShape, listIn, requireOwner } from './page-reading.ts';
import { ask, parsedJson, type RawAnswer } from './raw-answer.ts';
import { listReferrers } from './referrer-listing.ts';
import { type RetryOptions, registryCall } from './registry-call.ts';
import { type RegistryAccess, registryClients } from './registry-clients.ts';
import { type Question, unreadable } from './registry-fault.ts';
import { questionOf, readEndpoint } from './registry-question.ts';
import { readManifestSeen, readTagSeen } from './seen-reading.ts';

export interface RegistryContentOptions extends Omit<RegistryAccess, 'timeoutMs'> {
  /** Items of a page, 1 to 1,000 and 1,000 unless told; the service never sends more. */
  readonly pageSize?: number;
  /** Milliseconds one attempt of one call may take, 30 seconds unless told. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
}

/** A list as the SDK gives it. */
interface PagedList {
  byPage(settings: { maxPageSize: number; continuationToken?: string }): AsyncIterator<unknown>;
}

/** The most items of a page, whatever is asked for: https://github.com/Azure/acr/issues/749. */
const maxPageSize = 1_000;

/** Whoever asks what changed last seldom asks for more. */
const newestAtOnce = 20;

/**
 * What an Azure Container Registry holds, through its data plane. Faults are `registry-<status>` for what it refused,
 * `registry-unreachable`, `registry-silent` (no answer in time), `registry-unreadable`, `registry-digest-mismatch`,
 * `registry-endless-list`, `registry-changed` (a repository went between two pages) and `registry-credential`.
 * @throws TypeError when the endpoint isn't the https address of a registry, or the page size no whole number above 0.
 */
export function registryContent(options: RegistryContentOptions): RegistryContent {
  const { endpoint, registry } = readEndpoint(options.endpoint);
  const { timeoutMs = 30_000, retry = {} } = options;
  const pageSize = readPageSize(options.pageSize ?? maxPageSize);
  const clients = registryClients({ ...options, endpoint, timeoutMs });
  const call = registryCall({ timeoutMs, retry });

  const question = (doing: string, repository: string, tag?: string) =>
    questionOf(registry, doing, repository, tag);

  /** Asks for one page of a list of the SDK. */
  const page = (list: PagedList, next: string | undefined, maxPageSize = pageSize) =>
    list.byPage({ maxPageSize, ...(next === undefined ? {} : { continuationToken: next }) }).next();

  /** The object that an answer of one item holds. */
  function only<T>(
    { text }: RawAnswer,
    field: 'tag' | 'manifest',
    asked: Question,
    repository: string,
    read: (item: Fields) => T | undefined,
  ): T {
    const findings = noFindings();
    const body = fieldsOf(parsedJson(text, asked), '', findings);
    requireOwner(body, repository);
    const item = read(body.object(field));
    if (item === undefined || findings.problems.length > 0) throw unreadable(asked, findings.problems);
    return item;
  }

  return {
    repositories: () =>
      listPages(call, {
        question: { registry, doing: 'list its repositories' },
        shape: catalogShape,
        endpoint,
        send: (operation, next) => page(clients.catalog().listRepositoryNames(operation), next),
      }),

    async *tags(repository) {
      yield* listPages(call, {
        question: question(`list the tags of ${repository}`, repository),
        shape: listIn(repository, 'tags', readTagSeen),
        endpoint,
        // The SDK lists all tags of the repository, whatever the artifact.
        send: (operation, next) =>
          page(
            clients.metadata(repository).getArtifact(repository, 'any').listTagProperties(operation),
            next,
          ),
      });
    },

    async *manifests(repository) {
      yield* listPages(call, {
        question: question(`list the manifests of ${repository}`, repository),
        shape: listIn(repository, 'manifests', readManifestSeen),
        endpoint,
        send: (operation, next) =>
          page(
            clients.metadata(repository).getRepository(repository).listManifestProperties(operation),
            next,
          ),
      });
    },

    async *newestManifests(repository) {
      yield* listPages(call, {
        question: question(`list the newest manifests of ${repository}`, repository),
        shape: listIn(repository, 'manifests', readManifestSeen),
        endpoint,
        send: (operation, next) =>
          page(
            clients
              .metadata(repository)
              .getRepository(repository)
              .listManifestProperties({ ...operation, order: 'LastUpdatedOnDescending' }),
            next,
            Math.min(pageSize, newestAtOnce),
          ),
      });
    },

    async tag(repository, tag) {
      const asked = question(`read the tag ${repository}:${tag}`, repository, tag);
      const seen = await ask(call, {
        question: asked,
        absences: ['TAG_UNKNOWN', 'NAME_UNKNOWN'],
        send: (operation) =>
          clients.metadata(repository).getArtifact(repository, tag).getTagProperties(tag, operation),
        read: (answer) => only(answer, 'tag', asked, repository, readTagSeen),
      });
      if (seen !== undefined && seen.tag !== tag) throw another(asked, 'tag.name');
      return seen;
    },

    async manifest(repository, digest) {
      const asked = question(`read the manifest ${repository}@${digest}`, repository);
      const seen = await ask(call, {
        question: asked,
        absences: ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'],
        send: (operation) =>
          clients.metadata(repository).getArtifact(repository, digest).getManifestProperties(operation),
        read: (answer) => only(answer, 'manifest', asked, repository, readManifestSeen),
      });
      if (seen !== undefined && seen.digest !== digest) throw another(asked, 'manifest.digest');
      return seen;
    },

    async document(repository, digest) {
      const asked = question(`send the manifest ${repository}@${digest}`, repository);
      return ask(call, {
        question: asked,
        absences: ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'],
        send: (operation) =>
          clients
            .documents(repository)
            .getManifest(digest, {
              ...operation,
              requestOptions: { customHeaders: { accept: acceptedManifests } },
            })
            .catch((error: unknown) => {
              // The SDK compares every digest with a SHA-256; readDocument has compared with the right one.
              if (!(error instanceof DigestMismatchError) || digestAlgorithm(digest) === 'sha256')
                throw error;
            }),
        read: (answer) => readDocument(answer, digest, asked),
      });
    },

    async referrers(repository, digest) {
      const asked = question(`list the referrers of ${repository}@${digest}`, repository);
      const client = () => clients.documents(repository);
      return listReferrers(call, { question: asked, repository, digest, endpoint, client });
    },
  };
}

function another(asked: Question, field: string): AuditFault {
  return unreadable(asked, [{ field, problem: 'is that of another: expected what was asked for' }]);
}

function readPageSize(size: number): number {
  if (!Number.isSafeInteger(size) || size < 1) throw new TypeError(`${size} is not the size of a page`);
  return Math.min(size, maxPageSize);
}
