import { stringify } from 'csv-stringify/sync';
import {
  type Cell,
  type Column,
  cellText,
  fieldsText,
  type Row,
  type TableStyle,
  tableText,
} from './table.ts';
import { hasColours, type Terminal } from './terminal.ts';
import { visible, visibleJson } from './terminal-text.ts';

/** The forms that answers are printed in. */
export const outputForms = ['table', 'json', 'csv', 'ndjson'] as const;
export type OutputForm = (typeof outputForms)[number];

/** How answers are printed. */
export interface OutputStyle {
  readonly form: OutputForm;
  readonly wide: boolean;
}

/** A list below a record, in tables alone. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
}

/** A list, and how its items are told. */
export interface List<T> {
  readonly pages: AsyncIterable<readonly T[]>;
  readonly rowOf: (item: T) => Row;
  readonly columns: readonly Column[];
  /** What is said in place of a table without rows. */
  readonly none: string;
  /** What JSON has beside `items`; asked for when all pages were read. */
  readonly members?: () => Readonly<Record<string, unknown>>;
}

/** One thing, and how it is told. */
export interface Told {
  readonly value: unknown;
  readonly fields: Row;
  readonly sections?: readonly Section[];
}

/** Prints answers. */
export interface Output {
  list<T>(list: List<T>): Promise<void>;
  record(told: Told): void;
}

/** What prints answers to a terminal. CSV and newline-delimited JSON are written page by page. */
export function outputTo(terminal: Terminal, { form, wide }: OutputStyle): Output {
  const { out } = terminal;
  const style: TableStyle = { colours: hasColours(terminal), wide };

  async function streamed<T>({ pages, rowOf, columns }: List<T>): Promise<void> {
    if (form === 'csv') out.write(csvText([columns.map(({ name }) => name)]));
    for await (const items of pages) {
      out.write(
        form === 'csv'
          ? csvText(items.map((item) => cellsOf(rowOf(item), columns)))
          : items.map((item) => `${visibleJson(item)}\n`).join(''),
      );
    }
  }

  return {
    async list(list) {
      if (form === 'csv' || form === 'ndjson') return streamed(list);
      const items = (await Array.fromAsync(list.pages)).flat();
      if (form === 'json') out.write(`${visibleJson({ items, ...list.members?.() }, 2)}\n`);
      else if (items.length === 0) out.write(`${list.none}\n`);
      else out.write(tableText(items.map(list.rowOf), list.columns, style));
    },
    record({ value, fields, sections = [] }) {
      switch (form) {
        case 'json':
          return out.write(`${visibleJson(value, 2)}\n`);
        case 'ndjson':
          return out.write(`${visibleJson(value)}\n`);
        case 'csv': {
          const names = Object.keys(fields);
          return out.write(csvText([names, names.map((name) => cellText(fields[name]))]));
        }
        case 'table': {
          out.write(fieldsText(fields, style));
          for (const { title, rows, columns } of sections) {
            if (rows.length > 0) out.write(`\n${title}\n${tableText(rows, columns, style)}`);
          }
        }
      }
    },
  };
}

function cellsOf(row: Row, columns: readonly Column[]): readonly string[] {
  return columns.map(({ name }) => joinedText(row[name]));
}

function joinedText(cell: Cell): string {
  return typeof cell === 'object' ? cell.join(' ') : cellText(cell);
}

/** A cell that begins like a formula is made text: https://owasp.org/www-community/attacks/CSV_Injection */
function csvText(rows: readonly (readonly string[])[]): string {
  return stringify(
    rows.map((cells) => cells.map(visible)),
    { escape_formulas: true },
  );
}
