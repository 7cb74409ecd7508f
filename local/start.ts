import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startRegistry } from './acr/registry-server.ts';
import { type CommandLine, readCommandLine, usage } from './command-line.ts';
import { alertText, startAlertListener } from './estate/alert-listener.ts';
import { startPlatforms } from './estate/platforms.ts';
import { tellStory } from './estate/story.ts';
import { freePort } from './free-port.ts';
import { startFunctionsHost } from './functions-host.ts';
import { startStorage } from './storage.ts';

/** Everything on one machine: storage, the stand-ins, the service, and an estate that lives. */
async function run(line: CommandLine): Promise<number> {
  const data = line.ephemeral ? await mkdtemp(join(tmpdir(), 'acr-audit-')) : resolve(line.data);
  const stops: (() => Promise<unknown>)[] = [];
  if (line.ephemeral) stops.push(() => rm(data, { recursive: true, force: true }));
  const interrupted = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  try {
    const storage = await startStorage(join(data, 'storage'));
    stops.push(() => storage.child.stop());
    const { tableEndpoint, queueEndpoint, blobEndpoint } = storage;
    ready({ component: 'storage', tableEndpoint, queueEndpoint, blobEndpoint });

    const registryPort = line.registryPort === 0 ? await freePort() : line.registryPort;
    const registry = await startRegistry({
      dataDirectory: join(data, 'registry'),
      port: registryPort,
      log: (text) => process.stderr.write(`${text}\n`),
    });
    stops.push(() => registry.close());
    const { url, loginServer, caFile, username, password, resourceId } = registry;
    ready({ component: 'registry', url, loginServer, ca: caFile, username, password, resourceId });

    await mkdir(data, { recursive: true });
    const platforms = await startPlatforms(data);
    stops.push(() => platforms.close());
    const { kubernetes, azure, inventoryFile } = platforms;
    ready({ component: 'kubernetes', url: kubernetes.url, kubeconfig: join(data, 'kubeconfig') });
    ready({ component: 'azure', url: azure.endpoint });
    // The story shows the alert it is about; without it, each is shown as it comes.
    const alerts = await startAlertListener((alert) => {
      if (!line.story) say(alertText(alert));
    });
    stops.push(() => alerts.close());

    const host = await startFunctionsHost({
      host: line.host,
      port: line.port,
      data: join(data, 'host'),
      settings: {
        ACR_AUDIT_AUTH: 'development',
        // The stand-in takes any token, and makes a CA of its own.
        ACR_AUDIT_REGISTRY_TOKEN: 'local',
        NODE_EXTRA_CA_CERTS: caFile,
        AzureWebJobsStorage: storage.connectionString,
        AuditStorage: storage.connectionString,
        REGISTRIES: `${loginServer}=${resourceId}`,
        ACR_AUDIT_DELETER_CLIENT_ID: 'the identity that deletes',
        ACR_AUDIT_POLICY: resolve('local/estate/policy.json'),
        ACR_AUDIT_INVENTORY: inventoryFile,
        ACR_AUDIT_ARM_ENDPOINT: azure.endpoint,
        ACR_AUDIT_LEDGER_KEY_FILE: join(data, 'ledger-key.pem'),
        ACR_AUDIT_LEDGER_WITNESS_FOLDER: join(data, 'witness'),
        ACR_AUDIT_ALERT_WEBHOOKS: `local=${alerts.url}`,
        ACR_AUDIT_ALERT_WEBHOOK_SECRET_LOCAL: alerts.secret,
      },
      onLog: hostLog(data),
    });
    stops.push(() => host.stop());
    ready({ component: 'host', url: host.url, functions: host.functions });
    await registry.events.subscribe(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`);

    await compareNow(host.url);
    say(`The service answers at ${host.url}/api/v1/, the registry at ${url}. Ctrl-C stops both.`);
    say(`The dashboard is at ${host.url}/dashboard.`);
    say(`What the host logs is in ${join(data, 'host.log')}.`);
    if (line.story) {
      await tellStory({ registry, service: host.url, platforms, alerts, say });
      if (line.once) return 0;
    }
    await Promise.race([interrupted, host.ended]);
    return 0;
  } finally {
    for (const stop of stops.reverse()) {
      await stop().catch((error: unknown) => say(`Stopping: ${String(error)}`));
    }
  }
}

/** Has the registry compared with its history now, not only at the next full hour: what it held before is recorded. */
async function compareNow(service: string): Promise<void> {
  const url = `${service}/admin/functions/reconcileRegistries`;
  const body = JSON.stringify({ input: '' });
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

/** Keeps what the host logs in `host.log`, and shows what needs a look. */
function hostLog(data: string): (line: string) => void {
  const file = createWriteStream(join(data, 'host.log'), { flags: 'a' });
  return (line) => {
    file.write(`${line}\n`);
    // Findings are shown as the alerts that they become.
    const isFinding = line.includes('"message":"finding"');
    if (!isFinding && /^\S+ (warning|error|critical) |"level":"(warn|error)"/.test(line)) say(line);
  };
}

function ready(component: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(component)}\n`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // The only port that is ours to listen on is the registry's; the host says so itself.
  return text.includes('EADDRINUSE') ? `${text}. Choose another with --registry-port.` : text;
}

const line = readCommandLine(process.argv.slice(2));
if (line === 'help') {
  say(usage);
} else if ('problem' in line) {
  say(`${line.problem}\n\n${usage}`);
  process.exitCode = 2;
} else {
  run(line).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      say(describe(error));
      process.exitCode = 1;
    },
  );
}
