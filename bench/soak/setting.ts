import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startStorage } from '../../local/storage.ts';
import { deployedApp } from '../../test/builders/deployed-app.ts';
import { openTestRegistry, type TestRegistry } from '../../test/component/acr/test-registry.ts';
import { oneCollector, type ProbedHost, startProbedHost } from './probed-host.ts';

/** The whole service on one machine: storage and host are processes of their own, the registry is in this one. */
export interface SoakSetting {
  readonly host: ProbedHost;
  readonly registry: TestRegistry;
  readonly connectionString: string;
  readonly storageProcess: number | undefined;
  /** Settings by which a command reads the service's storage. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The source that workloads are submitted to. */
export const submittedSource = 'compose';

/**
 * Storage holds all its rows in one heap, and stops while it goes through a large one for garbage, which Table Storage does
 * not. Below so many mebibytes it is not gone through for its size; for buffers it is.
 */
const roomyHeap = ['--initial-old-space-size=6144', '--max-old-space-size=8192'];

/** Starts storage, the registry and the host with the bundle that is deployed. */
export async function startSetting(): Promise<SoakSetting> {
  const directory = await mkdtemp(join(tmpdir(), 'acr-audit-soak-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  async function stop(): Promise<void> {
    for (const one of stops.splice(0).reverse()) await one();
  }
  try {
    const app = await deployedApp();
    stops.push(() => app.remove());
    const storage = await startStorage(join(directory, 'storage'), true, [
      oneCollector,
      ...roomyHeap,
      '--require',
      resolve('bench/soak/indexed-azurite.cjs'),
    ]);
    stops.push(() => storage.child.stop());
    const registry = await openTestRegistry();
    stops.push(() => registry.dispose());
    const inventory = join(directory, 'inventory.json');
    const sources = [{ name: submittedSource, type: 'submitted', freshness: 'P1D' }];
    await writeFile(inventory, JSON.stringify({ version: 1, sources }));
    const settings = {
      AuditStorage: storage.connectionString,
      ACR_AUDIT_AUTH: 'development',
      REGISTRIES: `${registry.loginServer}=${registry.resourceId}`,
    };
    const host = await startProbedHost(app, {
      ...settings,
      AzureWebJobsStorage: storage.connectionString,
      // The stand-in takes any token, and makes a CA of its own.
      ACR_AUDIT_REGISTRY_TOKEN: 'local',
      NODE_EXTRA_CA_CERTS: registry.caFile,
      ACR_AUDIT_POLICY: resolve('local/estate/policy.json'),
      ACR_AUDIT_INVENTORY: inventory,
      ACR_AUDIT_LEDGER_KEY_FILE: join(directory, 'ledger.pem'),
      ACR_AUDIT_LEDGER_WITNESS_FOLDER: join(directory, 'witness'),
    });
    stops.push(() => host.stop());
    const storageProcess = storage.child.process.pid;
    return { host, registry, connectionString: storage.connectionString, storageProcess, settings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
