import { pipeline, Readable } from 'node:stream';
import { pipeline as finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { BlobServiceClient } from '@azure/storage-blob';
import type { Plans } from '../audit/retention-ports.ts';
import type { RepositoryPlan } from '../retention/plan.ts';
import { blobFault, refusalOf } from './blob-fault.ts';
import { uploadBlob } from './blob-upload.ts';
import { optional } from './entry-codec.ts';
import { keysUnder } from './keys.ts';
import { damagedPlan, planColumns, planLines, readPlanLines, readPlanRow } from './plan-codec.ts';
import { fullPage, type Table } from './row.ts';

/** Name of the container of what plans decide. */
export const plansContainer = 'retention-plans';

const what = 'retention plans';
const callTimeoutMs = 15_000;
/** Milliseconds after which the transfer of a repository's items is given up: half a million are some 30 MiB. */
const transferTimeoutMs = 120_000;
/** Bytes compressed at a time: a line by itself costs a turn of the thread that does it. */
const chunkLength = 65_536;
/** Characters of a line, far more than any has. */
const longestLine = 8 * 1_048_576;

/**
 * Keeps plans: headers in the `plans` table, a row each, and what is decided as compressed lines of JSON, a blob for each
 * repository, written once. A blob is named by its registry, plan and repository, `:` for `/`, so that a list is in order.
 */
export function plansStore(plans: Table, blobs: Pick<BlobServiceClient, 'getContainerClient'>): Plans {
  const container = blobs.getContainerClient(plansContainer);
  const folder = (registry: string, id: string) => `${registry}/${id}/`;
  const keyOf = (repository: string) => repository.replaceAll('/', ':');

  async function* keys(registry: string, id: string): AsyncGenerator<string> {
    const prefix = folder(registry, id);
    let from: string | undefined;
    do {
      // A list of its own for every page: its signal would time what is done between two of them.
      const pages = container
        .listBlobsFlat({ prefix, abortSignal: AbortSignal.timeout(callTimeoutMs) })
        .byPage(optional('continuationToken', from));
      const listed = await pages.next().catch((error: unknown) => {
        if (refusalOf(error) === 'ContainerNotFound') return { value: undefined };
        throw blobFault(error, what);
      });
      for (const { name } of listed.value?.segment.blobItems ?? []) yield name.slice(prefix.length);
      from = listed.value?.continuationToken || undefined;
    } while (from !== undefined);
  }

  async function upload(name: string, plan: RepositoryPlan, mayCreate = true): Promise<void> {
    // A fault of one stream destroys the other, and is thrown by the upload.
    const content = pipeline(Readable.from(chunks(planLines(plan))), createGzip(), () => undefined);
    try {
      await uploadBlob(container.getBlockBlobClient(name), content, {
        abortSignal: AbortSignal.timeout(transferTimeoutMs),
        blobHTTPHeaders: { blobContentType: 'application/x-ndjson', blobContentEncoding: 'gzip' },
        conditions: { ifNoneMatch: '*' },
      });
      return;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === 'BlobAlreadyExists') return;
      if (!mayCreate || refusal !== 'ContainerNotFound') throw blobFault(error, what);
    } finally {
      content.destroy();
    }
    await container
      .createIfNotExists({ abortSignal: AbortSignal.timeout(callTimeoutMs) })
      .catch((error: unknown) => {
        throw blobFault(error, what);
      });
    return upload(name, plan, false);
  }

  async function read(name: string): Promise<RepositoryPlan> {
    const abortSignal = AbortSignal.timeout(transferTimeoutMs);
    try {
      const { readableStreamBody } = await container
        .getBlobClient(name)
        .download(0, undefined, { abortSignal, maxRetryRequests: 3 });
      if (readableStreamBody === undefined) throw damagedPlan(name, 'has no content');
      return await finished(
        readableStreamBody,
        createGunzip({ chunkSize: chunkLength }),
        (content: AsyncIterable<Buffer>) => readPlanLines(linesOf(content, name), name),
      );
    } catch (error) {
      if (isDamage(error)) throw damagedPlan(name, 'is not readable');
      throw blobFault(error, what);
    }
  }

  return {
    async get(registry, id) {
      const row = await plans.get(registry, id);
      return row && { header: readPlanRow(row), version: row.etag };
    },
    async page(registry, limit, after) {
      const range = { partitionKey: registry, ...keysUnder('', optional('after', after)) };
      const { rows, next } = await fullPage(plans, range, limit);
      const last = next === undefined ? undefined : rows.at(-1)?.rowKey;
      return { items: rows.map(readPlanRow), ...optional('next', last) };
    },
    async put(header, over) {
      const row = { partitionKey: header.registry, rowKey: header.id, columns: planColumns(header) };
      if (over === undefined) return (await plans.insert(row)) === 'inserted' ? 'written' : 'conflict';
      const outcome = await plans.transact([{ operation: 'replace', row, over }]);
      return outcome === 'committed' ? 'written' : 'conflict';
    },
    write: (id, plan) => upload(`${folder(plan.registry, id)}${keyOf(plan.repository)}`, plan),
    async *repositories(registry, id, from = '') {
      const first = keyOf(from);
      for await (const key of keys(registry, id)) {
        if (key >= first) yield await read(`${folder(registry, id)}${key}`);
      }
    },
  };
}

/** Lines put together to pieces worth a turn. */
function* chunks(lines: Iterable<string>): Generator<Buffer> {
  let pending = '';
  for (const line of lines) {
    pending += line;
    if (pending.length < chunkLength) continue;
    yield Buffer.from(pending);
    pending = '';
  }
  if (pending !== '') yield Buffer.from(pending);
}

async function* linesOf(content: AsyncIterable<Buffer>, where: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of content) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > longestLine) throw damagedPlan(where, 'has a line without an end');
    yield* lines;
  }
  if (pending !== '') yield pending;
}

/** Whether what is stored could not be expanded: https://nodejs.org/api/zlib.html#constants. */
function isDamage(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('Z_')
  );
}
