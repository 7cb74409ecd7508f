import { readFile } from 'node:fs/promises';
import { type ArmOptions, type ArmStandIn, startArm } from '../../../local/azure/arm-server.ts';
import type { InventorySource } from '../../../src/audit/inventory-ports.ts';
import { type AzureInventoryOptions, azureInventory } from '../../../src/inventory/azure-inventory.ts';
import type { ReadCompose } from '../../../src/inventory/azure-site.ts';
import type { ReportedClaim } from '../../../src/workloads/claim.ts';

export const subscription = '00000000-0000-0000-0000-000000000000';
export const otherSubscription = '00000000-0000-0000-0000-000000000001';

/** A log of what it was told. */
export interface ToldLog {
  readonly lines: readonly string[];
  readonly log: AzureInventoryOptions['log'];
}

export function toldLog(): ToldLog {
  const lines: string[] = [];
  const tell = (message: string) => void lines.push(message);
  return { lines, log: { info: tell, warn: tell, error: tell } };
}

/** Reads a Compose file of one service on each line: `web=image`. */
const lineCompose: ReadCompose = (text) => {
  const lines = text.split('\n').filter((line) => line !== '');
  const pairs = lines.map((line) => line.split('='));
  return {
    images: pairs.flatMap(([service, image]) =>
      service === undefined || image === undefined ? [] : [{ service, image }],
    ),
    problems: pairs.filter(({ length }) => length !== 2).map(([line]) => `no image in ${line}`),
  };
};

/** What the options of a source are for a stand-in. */
export async function optionsFor(
  { endpoint }: Pick<ArmStandIn, 'endpoint'>,
  file: 'workloads' | 'vulnerabilities' | 'registries' = 'workloads',
): Promise<AzureInventoryOptions> {
  return {
    credential: { getToken: async () => ({ token: 'any', expiresOnTimestamp: Date.now() + 3_600_000 }) },
    subscriptions: [subscription],
    armEndpoint: endpoint,
    query: await readFile(`src/inventory/${file}.kql`, 'utf8'),
    readCompose: lineCompose,
    now: () => Date.now(),
    log: toldLog().log,
    timeoutMs: 5_000,
    retry: { attempts: 3, firstWaitMs: 1, maxWaitMs: 2_000 },
  };
}

/** Starts a stand-in for a test, and the source that reads it. */
export async function withArm(
  work: (arm: ArmStandIn, source: InventorySource, options: AzureInventoryOptions) => Promise<void>,
  options: ArmOptions & Partial<AzureInventoryOptions> = {},
): Promise<void> {
  const arm = await startArm(options);
  try {
    arm.addSubscription(subscription);
    const { port: _, pageSize: __, ...overrides } = options;
    const all = { ...(await optionsFor(arm)), ...overrides };
    await work(arm, azureInventory(all), all);
  } finally {
    await arm.close();
  }
}

/** A claim as one line: `running ContainerApp/web/nginx revision image since`, in the order of lines. */
export function lines(claims: readonly ReportedClaim[]): readonly string[] {
  return claims
    .map(({ workload, state, image, revision, since }) =>
      [
        state,
        [workload.kind, workload.name, workload.container].filter((part) => part !== undefined).join(':'),
        revision ?? '-',
        image,
        since === undefined ? '-' : new Date(since).toISOString(),
      ].join(' '),
    )
    .sort();
}
