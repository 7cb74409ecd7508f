import type { Measurement } from './bench.ts';
import type { Figure } from './figure.ts';

/** A figure by itself, as `--json` writes it. */
export interface ReportedFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `null` for a figure that only describes. */
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** The figures as a table of text. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    valueText(figure),
    figure.goal ?? '',
    verdictOf(figure),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Every figure with a name of its own: that of its bench, of the figure it belongs to, and its own. */
export function reportedFigures(measurements: readonly Measurement[]): readonly ReportedFigure[] {
  return measurements.flatMap(({ bench, figures }) => {
    let head = '';
    return figures.map(({ name, value, unit, goal, met }) => {
      const isPart = name.startsWith('  ');
      if (!isPart) head = name.split(': ')[0] ?? name;
      const whole = isPart ? `${head}: ${name.trim()}` : name;
      return { name: `${bench}: ${whole}`, value, unit, goal: goal ?? null, met: met ?? null };
    });
  });
}

/** Figures whose goal is missed. */
export function missed(measurements: readonly Measurement[]): readonly ReportedFigure[] {
  return reportedFigures(measurements).filter(({ met }) => met === false);
}

/** A value with its unit, as people read it. */
export function valueText({ value, unit }: Pick<Figure, 'value' | 'unit'>): string {
  const isWhole = Number.isInteger(value) || Math.abs(value) >= 1_000;
  const number = isWhole ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
  return unit === '' ? number : `${number} ${unit}`;
}

/** Whether a goal is met, in a word. */
export function verdictOf({ met }: Pick<Figure, 'met'>): string {
  return met === undefined ? '' : met ? 'met' : 'MISSED';
}
