import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { checkKql, type KqlFacts } from '../../../infra/checks/kql-check.ts';
import { kqlFactsOf } from '../../builders/kql-facts.ts';
import { type LoggedLine, loggedLines } from '../../builders/logged-lines.ts';

const files = globSync('infra/observability/queries/*.kql').sort();
const textOf = (name: string) => readFileSync(`infra/observability/queries/${name}.kql`, 'utf8');

let logged: readonly LoggedLine[] = [];
let facts: KqlFacts;

beforeAll(async () => {
  logged = await loggedLines();
  facts = kqlFactsOf(logged);
});

describe('the queries', () => {
  it.each(files.map((path) => basename(path, '.kql')))(
    'when %s is read, it asks for columns that there are, and for lines that the code has written',
    (name) => {
      const { problems, columns, messages } = checkKql(textOf(name), facts);
      expect(problems).toEqual([]);
      expect(new Set(columns).size).toBe(columns.length);
      expect(columns.length).toBeGreaterThan(0);
      const isOfLines = textOf(name).includes('parse_json(Message)');
      expect(isOfLines && name !== 'trace' ? messages.length : 1).toBeGreaterThan(0);
    },
  );

  it('when they are counted, there are those of every alert and of the workbook', () => {
    expect(files.length).toBeGreaterThan(15);
  });

  it('when the lines begin, they do as the queries look for them', () => {
    expect(logged.length).toBeGreaterThan(20);
    for (const line of logged) expect(JSON.stringify(line).startsWith('{"level"')).toBe(true);
  });
});

interface Mistake {
  readonly mistake: string;
  readonly name: string;
  readonly was: string;
  readonly becomes: string;
  readonly found: string;
}

const mistakes: readonly Mistake[] = [
  ['the table is another', 'silence', 'AppTraces', 'AppTrace', 'there is no table AppTrace'],
  [
    'a column is misspelt',
    'silence',
    'parse_json(Message)',
    'parse_json(Messages)',
    'there is no column Messages',
  ],
  [
    'a message is none that is written',
    'seal-lag',
    "'ledger measured'",
    "'log measured'",
    "no line has the message 'log measured'",
  ],
  [
    'a field is none of the line',
    'seal-lag',
    'line.sealLagSeconds',
    'line.sealLag',
    'no line that is asked for has sealLag',
  ],
  [
    'a field is of another line',
    'seal-lag',
    'line.sealLagSeconds',
    'line.reconcileLagSeconds',
    'no line that is asked for has reconcileLagSeconds',
  ],
  ['a value is none that there is', 'urgent-findings', "'reopened'", "'open'", "change is never 'open'"],
  [
    'a condition is none that there is',
    'stale-inventory',
    "== 'fresh'",
    "== 'current'",
    "condition is never 'current'",
  ],
  [
    'a column is asked for after it is gone',
    'events',
    '| summarize events = count() by bin(TimeGenerated, 15m), what',
    '| summarize events = count() by what\n| order by TimeGenerated asc',
    'there is no column TimeGenerated',
  ],
  [
    'a column is made of one that comes later',
    'lock-failures',
    '| where failed > 0',
    '| where runs > 0',
    'there is no column runs',
  ],
  ['a function is misspelt', 'seal-lag', 'tolong(', 'toLong(', 'there is no function toLong here'],
  [
    'an aggregate stands where rows are not summarized',
    'seal-lag',
    '| where lagSeconds > 900',
    '| where max(lagSeconds) > 900',
    'there is no function max here',
  ],
  [
    'a function is given too much',
    'sealed',
    'sum(records)',
    'sum(records, 1)',
    'sum takes 1 arguments, and is given 2',
  ],
  [
    'a function is given another type',
    'reconcile-lag',
    'ago(2h)',
    'ago(2)',
    'ago takes a timespan, and is given a number',
  ],
  [
    'a number is compared with a text',
    'seal-lag',
    'lagSeconds > 900',
    "lagSeconds > '900'",
    '> is given a number and a string',
  ],
  [
    'a dynamic value is compared',
    'silence',
    'tostring(line.message) in',
    'line.message in',
    'in is given a dynamic value: say of which type',
  ],
  [
    'rows are told apart by a dynamic value',
    'rejected-events',
    'reason = tostring(line.reason)',
    'reason = line.reason',
    'rows are not told apart by a dynamic value',
  ],
  ['a column has no name', 'silence', 'lines = count()', 'count()', 'a column has no name'],
  [
    'a condition is none',
    'seal-lag',
    '| where lagSeconds > 900',
    '| where lagSeconds',
    'where is given a number',
  ],
].map(([mistake = '', name = '', was = '', becomes = '', found = '']) => ({
  mistake,
  name,
  was,
  becomes,
  found,
}));

const unread: readonly (readonly [string, string, string, string, string])[] = [
  [
    'an operator is misspelt',
    'silence',
    '| summarize',
    '| sumarize',
    '"sumarize" is no operator that is used',
  ],
  [
    'an operator is one that is not used',
    'silence',
    '| summarize lines = count()',
    '| evaluate bag_unpack(line)',
    '"evaluate" is no operator that is used',
  ],
  ['a bracket is left open', 'silence', 'parse_json(Message)', 'parse_json(Message', '")" is expected'],
  ['a text does not end', 'silence', "'not measured'", "'not measured", 'is not understood'],
  ['a bar is missing', 'silence', '| where lines == 0', 'where lines == 0', '"|" is expected'],
  ['an order has no direction', 'trace', 'TimeGenerated asc', 'TimeGenerated', '"asc" or "desc" is expected'],
  ['an equals sign is one too few', 'silence', 'lines == 0', 'lines = 0', '"|" is expected'],
];

function changed(name: string, was: string, becomes: string): string {
  const text = textOf(name);
  expect(text).toContain(was);
  return text.replace(was, () => becomes);
}

describe('the check of queries', () => {
  it.each(mistakes)('when $mistake, it is found', ({ name, was, becomes, found }) => {
    const { problems } = checkKql(changed(name, was, becomes), facts);
    expect(problems).toContainEqual(expect.stringContaining(found));
  });

  it.each(unread)('when %s, the query is refused', (_, name, was, becomes, found) => {
    expect(() => checkKql(changed(name, was, becomes), facts)).toThrow(found);
  });

  it.each([
    ['judgement and findings', 'finding', 'record'],
    ['a renamed message', 'source measured', 'condition'],
  ])('when the code no longer writes what a query reads (%s), it is found', (_, message, field) => {
    const without = new Set(facts.lines.get(message));
    expect(without.delete(field)).toBe(true);
    const lines = new Map([...facts.lines, [message, without] as const]);
    const name = message === 'finding' ? 'urgent-findings' : 'stale-inventory';
    expect(checkKql(textOf(name), { ...facts, lines }).problems).toContainEqual(
      expect.stringContaining(`no line that is asked for has ${field}`),
    );
  });
});
