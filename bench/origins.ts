import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFunctionsHost } from '../local/functions-host.ts';
import { digestOf, imagePushed } from '../test/builders/registry-event.ts';
import { atMost, type Figure } from './figure.ts';
import { benchStorage } from './setting.ts';

/** Attributes and rules by which a browser fetches something or sends a form. */
const fetching =
  /(?:\b(?:src|srcset|action|formaction|data|poster|ping)=|<link\b[^>]*?\bhref=|url\(|@import\s)["']?([^"'\s>)]+)/gi;
/** Addresses of the files that a page loads. */
const loading = /(?:<link\b[^>]*?\bhref=|\bsrc=)["']?([^"'\s>]+)/gi;

/** Origins that a browser would turn to for what a page needs, by the bytes that the deployed bundle answers with. */
export async function origins(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'acr-audit-bench-'));
  const storage = await benchStorage();
  const host = await startFunctionsHost({
    host: 'embedded',
    port: 0,
    data: folder,
    settings: {
      ACR_AUDIT_AUTH: 'development',
      ACR_AUDIT_REGISTRY_TOKEN: 'local',
      AzureWebJobsStorage: storage.connectionString,
      AuditStorage: storage.connectionString,
      REGISTRIES: 'contoso.azurecr.io',
    },
    onLog: () => {},
  });
  try {
    return await looked(host.url);
  } finally {
    await host.stop();
    await storage.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function looked(url: string): Promise<readonly Figure[]> {
  const own = new URL(url).origin;
  const digest = digestOf('one');
  const userAgent = '<img src=https://elsewhere.example/x>';
  const delivered = await fetch(`${url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
    body: JSON.stringify([imagePushed({ tag: 'prod', digest, userAgent })]),
  });
  if (!delivered.ok) throw new Error(`the event was answered ${delivered.status}`);
  const image = encodeURIComponent('contoso.azurecr.io/team/app');
  const below = [
    '',
    '/repositories',
    `/repository?image=${image}`,
    `/tag?image=${image}:prod`,
    `/digest?image=${image}@${digest}`,
    ...['/findings', '/workloads', '/retention', '/reference'],
  ];
  const waiting = below.map((path) => new URL(`/dashboard${path}`, own).href);
  const texts = new Map<string, string>();
  let bytes = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (texts.has(next)) continue;
    const response = await fetch(next);
    if (!response.ok) throw new Error(`${next} is answered ${response.status}`);
    const text = await response.text();
    const isPage = response.headers.get('content-type')?.startsWith('text/html') === true;
    bytes += Buffer.byteLength(text);
    // Of a page its tags: what somebody wrote into an event is shown as text.
    texts.set(next, isPage ? matches(text, /(<[a-z][^>]*>)/gi).join('') : text);
    const files = addressesIn(texts.get(next) ?? '', loading, next).filter(
      (file) => new URL(file).origin === own,
    );
    waiting.push(...files);
  }
  const asked = [...texts].flatMap(([address, text]) => addressesIn(text, fetching, address));
  const others = new Set(asked.map((address) => new URL(address).origin).filter((origin) => origin !== own));
  return [
    atMost(
      `origins other than its own, of ${below.length} pages and what they load`,
      others.size,
      'origins',
      0,
    ),
    { name: '  pages and files looked through', value: texts.size, unit: '' },
    { name: '  bytes', value: bytes, unit: 'B' },
  ];
}

/** The addresses that a pattern finds in a text from an address. */
function addressesIn(text: string, pattern: RegExp, from: string): readonly string[] {
  return matches(text, pattern).map((found) => new URL(found.replaceAll('&amp;', '&'), from).href);
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].flatMap(([, found]) => found ?? []);
}
