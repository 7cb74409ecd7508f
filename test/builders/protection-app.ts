import { approvalWindows, approveImage, changeApproval } from '../../src/audit/approvals.ts';
import { askedWork } from '../../src/audit/asked-work.ts';
import { enforceNext } from '../../src/audit/enforce-locks.ts';
import { enforceRepository } from '../../src/audit/enforce-repository.ts';
import { changeHold, holdsOf, placeHold } from '../../src/audit/holds.ts';
import type { Log } from '../../src/audit/ports.ts';
import type { Uses } from '../../src/audit/protection-ports.ts';
import type { Pseudonyms } from '../../src/audit/pseudonyms.ts';
import type { RegistryContent } from '../../src/audit/registry-content.ts';
import type { RegistryLocks } from '../../src/audit/registry-locks.ts';
import { verifyDeployment } from '../../src/audit/verify-deployment.ts';
import type { Statement } from '../../src/history/statement.ts';
import { readStatement } from '../../src/ledger/recorded-leaf.ts';
import type { ApprovalRequest } from '../../src/protection/approval-request.ts';
import { readApprovalRequest } from '../../src/protection/approval-request.ts';
import type { Policy } from '../../src/protection/policy.ts';
import { readPolicy } from '../../src/protection/policy-reading.ts';
import { findingsStore } from '../../src/storage/findings.ts';
import { knownLocks } from '../../src/storage/known-locks.ts';
import { protectionIndex } from '../../src/storage/protection-index.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import { turnRecords } from '../../src/storage/turn-records.ts';
import type { CallSites, Wrapping } from './call-sites.ts';
import { storesOver } from './history-stores.ts';
import { memoryLeases } from './memory-leases.ts';
import { memoryTable, type TableFaults } from './memory-table.ts';

/** The registry and repository that these tests protect. */
export const protectedId = { registry: 'contoso.azurecr.io', repository: 'team/app' };

/** A policy of two environments, in which whoever may approve at all may approve anything. */
export function policyOf(changes: Readonly<Record<string, unknown>> = {}): Policy {
  const reading = readPolicy({
    version: 1,
    registries: ['contoso\\.azurecr\\.io'],
    environments: [
      { name: 'production', retainFor: 'P60D', retainReleases: 2, lockTag: true, monitoringWindow: 'PT1H' },
      { name: 'staging', retainFor: 'PT1H', retainReleases: 1 },
    ],
    repositories: [{ repositories: 'team/.*', environments: ['production', 'staging'] }],
    ...changes,
  });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.policy;
}

/** Nothing is known of any use. */
const unknownUses: Uses = {
  of: async () => ({ uses: new Map(), coverage: { complete: false, fresh: false } }),
};

export interface ProtectionAppOptions {
  readonly content: RegistryContent;
  readonly locks: RegistryLocks;
  readonly policy?: Policy;
  readonly uses?: Uses;
  readonly faults?: TableFaults;
  readonly start?: number;
  readonly pseudonyms?: Pseudonyms;
  readonly log?: Log;
  /** What everything outside the use cases is called through. */
  readonly sites?: CallSites;
}

/** The use cases of protection over tables in memory and a registry. */
export function protectionApp({
  content,
  locks,
  policy = policyOf(),
  uses = unknownUses,
  ...options
}: ProtectionAppOptions) {
  const repositories = memoryTable(options.faults);
  const digests = memoryTable();
  const log = memoryTable(options.faults);
  const inventory = memoryTable(options.faults);
  const kept = memoryTable(options.faults);
  const tables = { repositories, digests, log, inventory, findings: kept };
  const { sites } = options;
  const around = <T extends object>(port: T, wrapping: Wrapping): T => sites?.port(port, wrapping) ?? port;
  const over =
    sites === undefined
      ? tables
      : {
          repositories: sites.table(repositories, 'repositories'),
          digests: sites.table(digests, 'digests'),
          log: sites.table(log, 'log'),
          inventory: sites.table(inventory, 'inventory'),
          findings: sites.table(kept, 'findings'),
        };
  // Every look at the clock takes a millisecond, as work does.
  const clock = {
    time: options.start ?? Date.UTC(2026, 4, 2, 14),
    now() {
      clock.time += 1;
      return clock.time;
    },
  };
  let made = 0;
  const hex = (number: number) => number.toString(16).padStart(12, '0');
  const ids = {
    random() {
      made += 1;
      return hex(made);
    },
    of: (text: string) => hex([...text].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 2 ** 40, 7)),
  };
  const states = stateReader(over.repositories);
  const index = protectionIndex(over.inventory);
  const known = knownLocks(over.repositories);
  const statements = { ...storesOver(over), states, clock, ids };
  const lists = ['repositories', 'tags', 'manifests', 'newestManifests'];
  const contents = new Map([
    [protectedId.registry, around(content, { dependency: 'registry', name: 'content', lists })],
  ]);
  const holds = holdsOf(states);
  const found = findingsStore(over.findings);
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const enforce = enforceRepository({
    ...statements,
    contents,
    lockers: new Map([[protectedId.registry, around(locks, { dependency: 'registry', name: 'locks' })]]),
    index,
    known,
    uses: around(uses, { dependency: 'tables', name: 'uses' }),
    holds,
    findings: found,
    leases: around(memoryLeases(), { dependency: 'blobs', name: 'leases', once: ['hold'] }),
    pause: async () => {},
    log: options.log ?? silent,
  });
  const named = options.pseudonyms === undefined ? {} : { pseudonyms: options.pseudonyms };
  const approve = approveImage({ ...statements, ...named, contents, index, known, policy });
  const change = changeApproval(statements);
  const windows = approvalWindows({ states, holds, clock });
  const place = placeHold(statements);
  const lift = changeHold(statements);
  const verify = verifyDeployment({ contents, known, states, holds, policy, clock });
  /** What the API's routes are made of. */
  const routes = {
    approvals: { approve, change, windows, enforce: async () => void (await enforce(protectedId)), index },
    holds: {
      place,
      change: lift,
      all: holds,
      registryOf: async (id: string) =>
        (await index.repositoryOf(protectedId.registry, id)) === undefined ? undefined : protectedId.registry,
    },
    verify,
    findings: found,
  };
  return {
    tables,
    clock,
    index,
    routes,
    enforce: () => enforce(protectedId),
    enforceNext: enforceNext({
      ...statements,
      policy,
      contents,
      index,
      enforce: askedWork({ work: enforce, turns: turnRecords(over.inventory, 'enforced'), clock }),
      log: options.log ?? silent,
    }),
    /** Asks to approve an image, such as `team/app:prod`, as somebody with the role. */
    async approve(image: string, more: Readonly<Record<string, unknown>> = {}, by = 'release-manager') {
      clock.time += 1;
      return approve(requestOf(image, more), { id: by, name: by, roles: ['Release.Approve'] });
    },
    change: (id: string, event: Parameters<typeof change>[2]) => change(protectedId, id, event, 'somebody'),
    windows: () => windows(protectedId),
    /** The state of each approval, oldest first. */
    async approvals() {
      const all = (await windows(protectedId)).map(({ approval }) => approval);
      return all.sort((a, b) => a.requestedAt - b.requestedAt);
    },
    placeHold: place,
    changeHold: lift,
    holds: () => holds(protectedId.registry),
    verify,
    async findings(status: 'open' | 'resolved' = 'open') {
      const { items } = await found.page(protectedId.registry, { statuses: [status] }, 1000);
      return items.map(({ finding }) => finding);
    },
    /** Everything stated of the repository, oldest first. */
    statements(): readonly Statement[] {
      const rows = repositories.rows().filter(({ rowKey }) => rowKey.startsWith('S|'));
      return rows.flatMap(({ columns }) => readStatement(String(columns['leaf'])) ?? []).reverse();
    },
  };
}

export type ProtectionApp = ReturnType<typeof protectionApp>;

/** A request to approve an image for production. */
function requestOf(image: string, more: Readonly<Record<string, unknown>> = {}): ApprovalRequest {
  const reading = readApprovalRequest({
    image: `contoso.azurecr.io/${image}`,
    environment: 'production',
    reason: 'release 1.4.2',
    ...more,
  });
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.request;
}
