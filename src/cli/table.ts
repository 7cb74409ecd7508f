import { styleText } from 'node:util';
import { visible } from './terminal-text.ts';

/** What a cell holds. */
export type Cell = string | number | boolean | undefined | readonly string[];

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, Cell>>;

/** A column. `table`: shown in tables; `wide`: in wide ones alone. Both are in CSV. */
export interface Column {
  readonly name: string;
  readonly shown: 'table' | 'wide';
}

/** How a table is shown. */
export interface TableStyle {
  readonly colours: boolean;
  /** Whether every column is shown, and digests as they are rather than cut. */
  readonly wide: boolean;
}

/** Columns of tables, then those that are only in wide ones. */
export function columnsOf(table: readonly string[], wide: readonly string[] = []): readonly Column[] {
  return [
    ...table.map((name) => ({ name, shown: 'table' }) as const),
    ...wide.map((name) => ({ name, shown: 'wide' }) as const),
  ];
}

/** Rows below headings, in columns that are as wide as what is in them. Columns in which nothing is are left out. */
export function tableText(rows: readonly Row[], columns: readonly Column[], style: TableStyle): string {
  const shown = columns
    .filter(({ shown: where }) => style.wide || where === 'table')
    .filter(({ name }) => rows.some((row) => cellText(row[name]) !== ''));
  const texts = rows.map((row) => shown.map(({ name }) => cellShown(row[name], style)));
  const headings = shown.map(({ name }) => headingOf(name));
  const widths = headings.map((heading, place) =>
    Math.max(heading.length, ...texts.map((cells) => widthOf(cells[place] ?? ''))),
  );
  const line = (cells: readonly string[], dress: (text: string, place: number) => string) =>
    `${cells
      .map((cell, place) => {
        const pad = place === cells.length - 1 ? '' : ' '.repeat((widths[place] ?? 0) - widthOf(cell));
        return dress(cell, place) + pad;
      })
      .join('  ')
      .trimEnd()}\n`;
  const bold = (text: string) => (style.colours ? styled('bold', text) : text);
  return [
    line(headings, bold),
    ...texts.map((cells) => line(cells, (text) => (style.colours ? tinted(text) : text))),
  ].join('');
}

/** Names and values, one on a line. */
export function fieldsText(row: Row, style: TableStyle): string {
  const fields = Object.entries(row).filter(([, cell]) => cellText(cell) !== '');
  const width = Math.max(0, ...fields.map(([name]) => headingOf(name).length));
  return fields
    .map(([name, cell]) => {
      const text = cellShown(cell, { ...style, wide: true });
      const heading = headingOf(name).padEnd(width);
      return `${style.colours ? styled('bold', heading) : heading}  ${style.colours ? tinted(text) : text}\n`;
    })
    .join('');
}

/** What a cell holds as text, as it is. */
export function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  return typeof cell === 'object' ? cell.join(', ') : String(cell);
}

function cellShown(cell: Cell, { wide }: TableStyle): string {
  const text = visible(cellText(cell));
  return wide ? text : text.replace(/\b(sha(?:256|512):[0-9a-f]{12})[0-9a-f]{52,116}\b/g, '$1');
}

/** `occurredAt` as `OCCURRED AT`. */
function headingOf(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase();
}

/** Columns that a text takes; wide characters take two: https://www.unicode.org/reports/tr11/ */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text.normalize('NFC')) {
    if (/\p{M}/u.test(character)) continue;
    width +=
      /[\u1100-\u115e\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}

const tints: Readonly<Record<string, 'red' | 'yellow' | 'green'>> = {
  ...tint('red', 'critical', 'high', 'fail', 'deleted', 'failed', 'blocked', 'no', 'stopped'),
  ...tint('yellow', 'medium', 'warn', 'moved', 'untagged', 'stale', 'incomplete', 'never', 'waived'),
  ...tint('green', 'pass', 'protected', 'fresh', 'yes', 'done', 'present', 'resolved'),
};

function tint<C extends string>(colour: C, ...words: readonly string[]): Readonly<Record<string, C>> {
  return Object.fromEntries(words.map((word) => [word, colour]));
}

function tinted(text: string): string {
  const colour = Object.hasOwn(tints, text) ? tints[text] : undefined;
  return colour === undefined ? text : styled(colour, text);
}

function styled(format: 'bold' | 'red' | 'yellow' | 'green', text: string): string {
  // Whether there is a terminal is known to who asks.
  return styleText(format, text, { validateStream: false });
}
