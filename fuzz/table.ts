import type { CampaignResult } from './campaign.ts';
import type { Growth } from './growth.ts';

/** What is told of a target. */
export interface Row {
  readonly target: string;
  readonly seed: number;
  readonly result: CampaignResult;
  readonly growth: readonly Growth[];
}

/** Rows as a Markdown table. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ target, seed, result, growth }) => [
    target,
    whole(result.cases),
    String(seed),
    `${whole(result.accepted)} / ${whole(result.cases - result.accepted)}`,
    whole(result.kinds),
    `${whole(result.microseconds / Math.max(1, result.cases))}`,
    `${whole(result.mostMicroseconds)} (${whole(result.slowestLength)})`,
    growthText(growth),
    whole(result.failures.length),
  ]);
  const cases = rows.reduce((sum, { result }) => sum + result.cases, 0);
  const failures = rows.reduce((sum, { result }) => sum + result.failures.length, 0);
  return [
    [
      'Target',
      'Cases',
      'Seed',
      'Accepted / refused',
      'Kinds of answers',
      'CPU µs a case',
      'Most CPU µs (characters)',
      'Growth: largest input',
      'Failures',
    ],
    Array.from({ length: 9 }, () => '---'),
    ...cells,
    ['**all**', whole(cases), '', '', '', '', '', '', whole(failures)],
  ]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

function growthText(growth: readonly Growth[]): string {
  return growth
    .map(({ shape, length, milliseconds, perDoubling }) => {
      const grows = perDoubling === undefined ? '' : `, ×${perDoubling.toFixed(1)} a doubling`;
      return `${shape}: ${whole(length / 1_024)} Ki in ${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms${grows}`;
    })
    .join('; ');
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}
