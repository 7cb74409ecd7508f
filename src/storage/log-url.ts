import { setTimeout as delay } from 'node:timers/promises';
import { AuditFault } from '../audit/fault.ts';
import { type LogFiles, longestFile } from './log-folder.ts';

export interface LogAddress {
  /** Where `checkpoint`, `checkpoints`, `checkpoints/<size>` and `tile/…` are, with a slash at its end. */
  readonly url: URL;
  /** Presented as a bearer token, where the service asks for one. */
  readonly token?: string;
}

const timeoutMs = 30_000;
/** Milliseconds after each answer that asks to come again later. */
const waits = [1_000, 4_000, 15_000];
const longestList = 64 * 1024 * 1024;

/** A log that is served. */
export interface ServedLog extends LogFiles {
  /** The newest checkpoint as the service answers it; absent while the log is empty. */
  head(): Promise<string | undefined>;
}

/** The log that a service answers for: `GET ledger/logs/<registry>/…`, the layout of https://c2sp.org/tlog-tiles. */
export function logUrl({ url, token }: LogAddress): ServedLog {
  async function get(path: string, longest: number): Promise<Uint8Array | undefined> {
    for (const wait of waits) {
      const answer = await tried(path, longest);
      if (answer !== 'busy') return answer;
      await delay(wait);
    }
    throw unreadable(`${new URL(path, url)} is busy`);
  }

  async function tried(path: string, longest: number): Promise<Uint8Array | undefined | 'busy'> {
    const what = new URL(path, url);
    try {
      const response = await fetch(what, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        // A token goes to nobody else.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.status === 404) return undefined;
      if (response.status === 429 || response.status === 503) return 'busy';
      if (!response.ok) throw unreadable(`${what} answers ${response.status}`);
      return await bounded(response, longest, what);
    } catch (error) {
      throw error instanceof AuditFault ? error : unreadable(`${what} does not answer`, error);
    }
  }

  return {
    read: (path) => get(path, longestFile),
    async sizes() {
      const bytes = await get('checkpoints', longestList);
      if (bytes === undefined) throw unreadable(`${new URL('checkpoints', url)} is not there`);
      const sizes = jsonOf(bytes);
      if (Array.isArray(sizes) && sizes.every(isCount)) return sizes;
      throw unreadable(`${new URL('checkpoints', url)} is no list of sizes`);
    },
    async head() {
      const bytes = await get('checkpoint', longestFile);
      return bytes && Buffer.from(bytes).toString();
    },
  };
}

async function bounded(response: Response, longest: number, what: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > longest) throw unreadable(`${what} answers more than ${longest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function unreadable(message: string, cause?: unknown): AuditFault {
  return new AuditFault('log-unreadable', message, { retryable: false, cause });
}
