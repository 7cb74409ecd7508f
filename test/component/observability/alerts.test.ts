import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { parseBicep } from '../../../infra/checks/bicep-parsing.ts';
import type { Expression } from '../../../infra/checks/bicep-syntax.ts';
import { checkKql, type KqlFacts } from '../../../infra/checks/kql-check.ts';
import { workbookText } from '../../../infra/observability/workbook.ts';
import { kqlFactsOf } from '../../builders/kql-facts.ts';
import { loggedLines } from '../../builders/logged-lines.ts';

const folder = 'infra/observability';
const textOf = (query: string) => readFileSync(`${folder}/queries/${query}.kql`, 'utf8');
const queries = globSync(`${folder}/queries/*.kql`).map((path) => basename(path, '.kql'));

/** A literal of Bicep as a value; calls as their first argument. */
function literalOf(expression: Expression | undefined): unknown {
  switch (expression?.kind) {
    case 'string':
      return expression.parts.join('');
    case 'number':
      return expression.value;
    case 'array':
      return expression.items.map(literalOf);
    case 'object':
      return Object.fromEntries(expression.properties.map(({ name, value }) => [name, literalOf(value)]));
    case 'call':
      return literalOf(expression.args[0]);
    default:
      return undefined;
  }
}

const template = readFileSync(`${folder}/alerts.bicep`, 'utf8');
const declared = parseBicep('alerts.bicep', template).statements.find(
  (statement) => statement.kind === 'var' && statement.name === 'rules',
);
const rules = z
  .array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      severity: z.number(),
      frequency: z.string(),
      window: z.string(),
      query: z.string(),
      dimensions: z.array(z.string()),
    }),
  )
  .parse(literalOf(declared?.kind === 'var' ? declared.value : undefined));

/** https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule: how often is looked, how far back. */
const minutes: Readonly<Record<string, number>> = {
  PT5M: 5,
  PT10M: 10,
  PT15M: 15,
  PT30M: 30,
  PT1H: 60,
  PT2H: 120,
  PT6H: 360,
};

let facts: KqlFacts;
beforeAll(async () => {
  facts = kqlFactsOf(await loggedLines());
});

describe('an alert rule', () => {
  it.each(rules)(
    'when $name is read, it asks its own query and tells alerts apart by columns of it',
    (rule) => {
      expect(rule.query).toBe(`queries/${rule.name}.kql`);
      const { columns } = checkKql(textOf(rule.name), facts);
      expect(rule.dimensions.filter((dimension) => !columns.includes(dimension))).toEqual([]);
      // At most six: https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#alerts
      expect(rule.dimensions.length).toBeLessThanOrEqual(6);
    },
  );

  it.each(rules)(
    'when $name looks, it looks back further than to its last look',
    ({ frequency, window, severity }) => {
      const [step, back] = [minutes[frequency] ?? Number.NaN, minutes[window] ?? Number.NaN];
      expect(back).toBeGreaterThan(step);
      expect([1, 2, 3]).toContain(severity);
    },
  );

  it('when the documentation lists them, each is there, and no other', () => {
    const guide = readFileSync('docs/observability.md', 'utf8');
    const section = guide.split('## Alert rules')[1]?.split('\n## ')[0] ?? '';
    const listed = [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(rules.map(({ name }) => name).sort());
  });
});

describe('the workbook', () => {
  const written = readFileSync(`${folder}/workbook.json`, 'utf8');

  it('when it is read, it holds the queries as they are: npm run workbook writes it', () => {
    expect(written).toBe(workbookText(textOf));
  });

  it('when queries are counted, each is of an alert rule or of the workbook', () => {
    const inWorkbook = z
      .object({ items: z.array(z.object({ name: z.string() })) })
      .parse(JSON.parse(written))
      .items.map(({ name }) => name);
    const used = new Set([...inWorkbook, ...rules.map(({ name }) => name)]);
    expect(queries.filter((query) => !used.has(query))).toEqual([]);
  });
});
