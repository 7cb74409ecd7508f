import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '../../../src/history/fact.ts';
import { recordedRepositories } from '../../../src/storage/recorded-repositories.ts';
import { clientsByConnectionString, type Tables, tablesOf } from '../../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../../builders/azurite.ts';
import { arbitraryDeliveries, fact, recordOf } from '../../builders/facts.ts';
import { recorderOver } from '../../builders/history-stores.ts';
import { digestOf } from '../../builders/registry-event.ts';

const registry = 'contoso.azurecr.io';
const [one, two] = [digestOf('one'), digestOf('two')];

let azurite: Azurite;
let tables: Tables;
let repositories: TableClient;
let made = 0;
beforeAll(async () => {
  azurite = await startAzurite();
  const clientOf = clientsByConnectionString(azurite.connectionString);
  tables = tablesOf(clientOf);
  repositories = clientOf('repositories');
});
afterAll(() => azurite.stop());

/** Records the facts in a repository of their own. */
async function recorded(facts: readonly Fact[]): Promise<string> {
  made += 1;
  const repository = `team/app-${made}`;
  const record = recorderOver(tables);
  for (const told of facts) await record(recordOf(told, repository));
  return repository;
}

/** A repository's rows as the SDK reads them, with the types of their columns, by key. */
async function rowsOf(repository: string) {
  const filter = `PartitionKey eq '${registry}|${repository.replaceAll('/', ':')}'`;
  const rows = await Array.fromAsync(repositories.listEntities({ queryOptions: { filter } }));
  return rows.map(({ etag: _, timestamp: __, ...row }) => row);
}

/** Damages every third row that follows from others, from the first, the second or the third on. */
async function damage(repository: string, first: number): Promise<void> {
  const rows = (await rowsOf(repository)).filter(({ rowKey }) => !rowKey?.startsWith('E|'));
  for (const [index, { partitionKey = '', rowKey = '' }] of rows.entries()) {
    if (index % 3 === first) await repositories.deleteEntity(partitionKey, rowKey);
    if (index % 3 === (first + 1) % 3) {
      await repositories.updateEntity({ partitionKey, rowKey, digest: 'wrong', more: true }, 'Merge');
    }
  }
  await repositories.createEntity({
    partitionKey: `${registry}|${repository.replaceAll('/', ':')}`,
    rowKey: 't|stray',
  });
}

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process of its own, with the app's settings. */
async function rebuild(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['src/rebuild.ts', ...args], {
    env: { AuditStorage: azurite.connectionString, REGISTRIES: registry, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

const history = [
  fact('a', 0, {
    tag: 'prod',
    digest: one,
    size: 1024,
    notes: ['a repair'],
    client: { userAgent: 'docker/27' },
  }),
  fact('b', 10, { tag: 'prod', digest: two, size: 4_000_000_000 }),
  fact('c', 20, { action: 'delete', digest: two }),
];

describe('when rows of Table Storage are damaged', () => {
  it('finds them in a dry run, puts them right with the types of their columns, and then finds nothing', async () => {
    const repository = await recorded(history);
    const before = await rowsOf(repository);
    expect(before.map((row) => row['size'])).toContain(4_000_000_000n);
    await damage(repository, 0);
    const damaged = await rowsOf(repository);
    const asked = ['--registry', registry, '--repository', repository];

    const dry = await rebuild([...asked, '--dry-run']);
    expect(dry.code).toBe(1);
    expect(dry.stderr).toContain('"row":"t|stray","is":"unfounded"');
    expect(await rowsOf(repository)).toEqual(damaged);

    const wet = await rebuild(asked);
    expect(wet.code).toBe(0);
    expect(JSON.parse(wet.stdout)).toEqual({ ...JSON.parse(dry.stdout), dryRun: false });
    expect(await rowsOf(repository)).toEqual(before);

    const again = await rebuild([...asked, '--dry-run']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual({
      registry,
      repository,
      dryRun: true,
      repositories: 1,
      records: 3,
      missing: 0,
      different: 0,
      unfounded: 0,
      failed: 0,
    });
  });

  it('corrects what follows in an audit record and keeps the types of its fact', async () => {
    const repository = await recorded(history);
    const before = await rowsOf(repository);
    for (const { partitionKey = '', rowKey = '' } of before.filter((row) => row.rowKey?.startsWith('E|'))) {
      await repositories.updateEntity({ partitionKey, rowKey, kind: 'unchanged', prev: one }, 'Merge');
    }
    expect((await rebuild(['--registry', registry])).code).toBe(0);
    expect(await rowsOf(repository)).toEqual(before);
  });

  it('restores every row of any history', async () => {
    const histories: { repository: string; before: unknown }[] = [];
    const arbitrary = fc.tuple(arbitraryDeliveries, fc.nat({ max: 2 }));
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([{ deliveries }, first]) => {
        const repository = await recorded(deliveries);
        histories.push({ repository, before: await rowsOf(repository) });
        await damage(repository, first);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    const { code, stdout } = await rebuild(['--registry', registry.toUpperCase()]);
    expect({ code, failed: JSON.parse(stdout).failed }).toEqual({ code: 0, failed: 0 });
    for (const { repository, before } of histories) expect(await rowsOf(repository)).toEqual(before);
  });
});

describe('when a registry is listed', () => {
  it('names every repository that has rows, and none of another registry', async () => {
    const record = recorderOver(tables);
    const told = fact('x', 1, { tag: '1', digest: one });
    const names = ['a', 'a-b', 'a/b', 'a.b', 'z9/z_z'];
    for (const name of names) await record({ ...recordOf(told, name), registry: 'fabrikam.azurecr.io' });
    for (const other of ['fabrikam.azurecr.i', 'fabrikam.azurecr.io2', 'g.azurecr.io']) {
      await record({ ...recordOf(told, 'other'), registry: other });
    }
    const listed = await Array.fromAsync(recordedRepositories(repositories, 'fabrikam.azurecr.io'));
    expect(listed.toSorted()).toEqual(names.toSorted());
  });

  it('names nothing when there is no table yet', async () => {
    const missing = clientsByConnectionString(azurite.connectionString)('missing');
    expect(await Array.fromAsync(recordedRepositories(missing, registry))).toEqual([]);
  });
});

describe('when the command is used wrongly', () => {
  it.each([
    ['no registry', [], '--registry is missing'],
    [
      'a registry that is not audited',
      ['--registry', 'fabrikam.azurecr.io'],
      'not among the audited REGISTRIES',
    ],
    [
      'no name of a repository',
      ['--registry', registry, '--repository', 'Team|App'],
      'not the name of a repository',
    ],
    ['an unknown option', ['--registry', registry, '--all'], '--all'],
  ])('says so of %s', async (_, args, problem) => {
    const { code, stdout, stderr } = await rebuild(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(problem);
    expect(stderr).toContain('Usage:');
  });

  it('lists what is wrong with the settings', async () => {
    const { code, stderr } = await rebuild(['--registry', registry], { REGISTRIES: '' });
    expect(code).toBe(2);
    expect(stderr).toContain('REGISTRIES is missing');
  });

  it('explains itself when asked', async () => {
    const { code, stderr } = await rebuild(['--help']);
    expect(code).toBe(0);
    expect(stderr).toContain('--dry-run');
  });
});
