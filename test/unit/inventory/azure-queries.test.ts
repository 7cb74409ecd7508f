import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

/**
 * What Resource Graph understands of KQL, of what is needed here.
 * Source: https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language#supported-tabulartop-level-operators
 */
const operators = ['where', 'extend', 'mv-expand', 'project', 'order by'];
const functions = [
  'array_concat',
  'array_length',
  'case',
  'coalesce',
  'dynamic',
  'iff',
  'isempty',
  'isnotempty',
  'not',
  'todynamic',
  'tostring',
];

interface Query {
  readonly table: string | undefined;
  readonly stages: readonly string[];
  /** Without comments and string literals. */
  readonly code: string;
}

function queryIn(file: string): Query {
  const text = readFileSync(`src/inventory/${file}.kql`, 'utf8');
  const code = text.replace(/^\s*\/\/.*$/gm, '').replace(/'[^'\n]*'/g, "''");
  const [table, ...stages] = code.split(/^\|/m).map((stage) => stage.trim().replace(/\s+/g, ' '));
  return { table, stages, code };
}

function columnsOf({ stages }: Query): readonly string[] {
  const project = stages.find((stage) => stage.startsWith('project '));
  return project?.slice('project '.length).split(', ') ?? [];
}

const resourceColumns = [
  'id',
  'type',
  'kind',
  'name',
  'subscriptionId',
  'resourceGroup',
  'tags',
  'properties',
];

describe.each([
  [
    'workloads',
    'resources',
    [
      'id',
      'type',
      'kind',
      'name',
      'subscriptionId',
      'resourceGroup',
      'tags',
      'state',
      'revision',
      'partCount',
      'container',
      'image',
      'fx',
    ],
  ],
  [
    'vulnerabilities',
    'securityresources',
    ['id', 'registryHost', 'repositoryName', 'digest', 'vulnerability', 'severity'],
  ],
  ['registries', 'resources', ['id', 'loginServer']],
])('the query of %s', (file, table, columns) => {
  const query = queryIn(file);

  it('when it is read, it asks one table by operators and functions that Resource Graph has', () => {
    expect(query.table).toBe(table);
    for (const stage of query.stages) {
      expect(operators.some((operator) => stage.startsWith(`${operator} `))).toBe(true);
    }
    const called = [...query.code.matchAll(/\b([a-z_]+)\(/g)].map(([, name]) => name);
    expect(called.filter((name) => name === undefined || !functions.includes(name))).toEqual([]);
    expect(query.stages.filter((stage) => stage.startsWith('mv-expand')).length).toBeLessThanOrEqual(3);
    // With these the service gives no token for a next page.
    expect(query.stages.filter((stage) => /^(?:limit|take|top|sample)\b/.test(stage))).toEqual([]);
  });

  it('when it is read, its brackets match and its literals end', () => {
    const open: string[] = [];
    for (const [bracket] of query.code.matchAll(/[()[\]{}]/g)) {
      if (bracket === '(' || bracket === '[' || bracket === '{') open.push(bracket);
      else expect(`${open.pop()}${bracket}`).toMatch(/^(?:\(\)|\[\]|\{\})$/);
    }
    expect(open).toEqual([]);
    expect(query.code.replaceAll("''", '')).not.toContain("'");
  });

  it('when it ends, it has projected every column that is read, each made before, in an order without ties', () => {
    expect(columnsOf(query)).toEqual(columns);
    const made = new Set(resourceColumns);
    for (const stage of query.stages) {
      const [, name] = /^(?:extend|mv-expand) (\w+) =/.exec(stage) ?? [];
      if (name !== undefined) made.add(name);
    }
    expect(columns.filter((column) => !made.has(column))).toEqual([]);
    expect(query.stages.at(-2)).toMatch(/^project /);
    expect(query.stages.at(-1)).toMatch(/^order by id asc/);
  });
});

describe('the query of workloads', () => {
  it('when it is read, it asks for every type that the reader knows', () => {
    const typesIn = (file: string, grammar: RegExp) =>
      [...readFileSync(file, 'utf8').matchAll(grammar)].map(([, type]) => type);
    const known = typesIn('src/inventory/azure-resource.ts', /case '(microsoft\.[a-z./]+)':/g);
    const asked = typesIn('src/inventory/workloads.kql', /^ {4}'(microsoft\.[a-z./]+)'(?:,|\)\n)/gm);
    expect(asked.sort()).toEqual(known.sort());
    expect(known).toHaveLength(7);
  });
});
