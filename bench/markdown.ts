import type { Bench, Measurement } from './bench.ts';
import type { Figure } from './figure.ts';
import { type Machine, machineLine } from './machine.ts';
import { valueText, verdictOf } from './report.ts';

/** Between these lines stands what is generated; the rest of a document is somebody's text. */
const begin = '<!-- npm run bench: begin -->';
const end = '<!-- npm run bench: end -->';

type Described = Pick<Bench, 'name' | 'measures' | 'limit'>;

/**
 * The document with the tables of some benches put in place of those it has: between its marks, or, where it has none, after
 * all of it. Tables of benches that were not measured stay as they are.
 */
export function withTables(
  document: string,
  benches: readonly Described[],
  measurements: readonly Measurement[],
  machine: Machine,
): string {
  const { before, block, after } = parted(document);
  const sections = sectionsOf(block);
  for (const measurement of measurements) {
    const bench = benches.find(({ name }) => name === measurement.bench);
    if (bench !== undefined) sections.set(bench.name, sectionOf(bench, measurement, machine));
  }
  const all = benches.flatMap(({ name }) => sections.get(name) ?? []);
  return `${before}${begin}\n\n${all.join('\n\n')}\n\n${end}${after}`;
}

function parted(document: string) {
  const [start, stop] = [document.indexOf(begin), document.indexOf(end)];
  if (start < 0 || stop < start) {
    const text = document.trimEnd();
    return { before: text === '' ? '' : `${text}\n\n`, block: '', after: '\n' };
  }
  return {
    before: document.slice(0, start),
    block: document.slice(start + begin.length, stop),
    after: document.slice(stop + end.length),
  };
}

/** The sections of a block by the benches they are of. */
function sectionsOf(block: string): Map<string, string> {
  const sections = block.split(/^(?=### )/m).filter((section) => section.startsWith('### '));
  return new Map(sections.map((section) => [/^### (.*)/.exec(section)?.[1]?.trim() ?? '', section.trim()]));
}

function sectionOf(bench: Described, measurement: Measurement, machine: Machine): string {
  const { figures, load, seconds, startedAt } = measurement;
  const rows = figures.map((figure) =>
    [nameCell(figure), valueText(figure), figure.goal ?? '', verdictOf(figure)].map(cell),
  );
  const day = startedAt.toISOString().slice(0, 16).replace('T', ' ');
  return [
    `### ${bench.name}`,
    bench.measures,
    `Limited by: ${bench.limit}`,
    tableLines([['Figure', 'Value', 'Goal', ''], ...rows]).join('\n'),
    `Measured ${day} UTC in ${Math.round(seconds)} s, load average ${load.toFixed(2)} at its start: ${machineLine(machine)}.`,
  ].join('\n\n');
}

function nameCell({ name }: Figure): string {
  return name.startsWith('  ') ? `… ${name.trim()}` : name;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function tableLines(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...others] = rows;
  const rule = `| ${widths.map((width) => '-'.repeat(Math.max(width, 1))).join(' | ')} |`;
  return [line(head), rule, ...others.map(line)];
}
