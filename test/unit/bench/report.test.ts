import { describe, expect, it } from '@jest/globals';
import type { Measurement } from '../../../bench/bench.ts';
import { atLeast, atMost } from '../../../bench/figure.ts';
import type { Machine } from '../../../bench/machine.ts';
import { withTables } from '../../../bench/markdown.ts';
import { missed, reportedFigures, tableOf } from '../../../bench/report.ts';

const measurement = (bench: string, value = 4): Measurement => ({
  bench,
  load: 0.5,
  seconds: 12.4,
  startedAt: new Date(Date.UTC(2026, 4, 2, 14, 5)),
  figures: [
    atMost('first comparison: calls', value, 'calls', 4),
    { name: '  rows | written', value: 12_800.4, unit: 'rows' },
    atLeast('rate', 1.0345, '×', 1),
  ],
});
const described = (name: string) => ({
  name,
  measures: `What ${name} measures.`,
  limit: `what limits ${name}.`,
});
const benches = ['reconcile', 'seal'].map(described);
const machine: Machine = {
  processor: 'Some Processor',
  cores: 2,
  memoryGiB: 24,
  system: 'Linux 6.1',
  node: '22.23.3',
  azurite: '3.37.0',
  commit: 'abcdef0123',
};

describe('when figures are written as JSON', () => {
  it('each has a name of its own, and just what is promised', () => {
    expect(reportedFigures([measurement('reconcile', 5)])).toEqual([
      { name: 'reconcile: first comparison: calls', value: 5, unit: 'calls', goal: '≤ 4', met: false },
      {
        name: 'reconcile: first comparison: rows | written',
        value: 12_800.4,
        unit: 'rows',
        goal: null,
        met: null,
      },
      { name: 'reconcile: rate', value: 1.0345, unit: '×', goal: '≥ 1', met: true },
    ]);
  });

  it('those whose goal is missed are found', () => {
    expect(missed([measurement('reconcile', 5), measurement('seal')]).map(({ name }) => name)).toEqual([
      'reconcile: first comparison: calls',
    ]);
  });
});

describe('when figures are printed', () => {
  it('columns are aligned, and a miss cannot be overlooked', () => {
    expect(tableOf(measurement('reconcile', 5).figures).split('\n')).toEqual([
      'first comparison: calls  5 calls      ≤ 4  MISSED',
      '  rows | written         12,800 rows',
      'rate                     1.03 ×       ≥ 1  met',
    ]);
  });
});

describe('when figures are written as Markdown', () => {
  const text = '# Performance\n\nWritten by hand.\n';

  it('an empty file gets the tables, the machine, the commit, the load and what limits them', () => {
    const document = withTables('', benches, [measurement('seal')], machine);
    expect(document).toContain('### seal\n\nWhat seal measures.\n\nLimited by: what limits seal.\n');
    expect(document).toContain('| … rows \\| written');
    expect(document).toContain(
      'Measured 2026-05-02 14:05 UTC in 12 s, load average 0.50 at its start: 2 × Some Processor, 24 GiB, Linux 6.1, Node 22.23.3, Azurite 3.37.0, commit abcdef0123.',
    );
  });

  it('the text around them stays, and so do tables that were not measured again', () => {
    const first = withTables(text, benches, [measurement('reconcile'), measurement('seal')], machine);
    const edited = `${first}\n## After\n\nWritten by hand too.\n`;
    const second = withTables(edited, benches, [measurement('seal', 9)], { ...machine, commit: 'fedcba' });
    expect(second.startsWith(text)).toBe(true);
    expect(second.endsWith('\n## After\n\nWritten by hand too.\n')).toBe(true);
    const [, reconcile = '', seal = ''] = second.split(/^### /m);
    expect(reconcile).toContain('commit abcdef0123');
    expect(seal).toContain('commit fedcba');
    expect(seal).toContain('MISSED');
    expect(second.indexOf('### reconcile')).toBeLessThan(second.indexOf('### seal'));
  });

  it('the same figures again leave the document as it was', () => {
    const once = withTables(text, benches, [measurement('seal')], machine);
    expect(withTables(once, benches, [measurement('seal')], machine)).toBe(once);
  });

  it('a bench that is no more loses its table', () => {
    const before = withTables(
      text,
      [...benches, described('gone')],
      [measurement('gone'), measurement('seal')],
      machine,
    );
    expect(withTables(before, benches, [], machine)).not.toContain('gone');
  });
});
