import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readCursor } from '../../../src/api/cursor.ts';
import { type ListForm, type Listing, listForm, listingResponse } from '../../../src/api/listing.ts';

interface Item {
  readonly name: string;
  readonly size?: number;
}

const url = 'https://audit.example/api/v1/history?image=team%2Fapp&limit=2';

function answer(form: ListForm, listing: Listing<Item>, at = url) {
  return listingResponse(listing, form, at, ['name', 'size'], ({ name, size }) => ({ name, size }));
}

function csvOf(...names: readonly string[]): string {
  return String(answer('csv', { items: names.map((name) => ({ name })) }).body);
}

/** Reads CSV as RFC 4180 has it: quotes doubled, cells with separators in quotes. */
function cellsOf(csv: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  let rest = csv;
  while (rest !== '') {
    const [all = '', quoted, plain = '', end = ''] =
      /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/.exec(rest) ?? [];
    if (all === '') throw new Error(`not CSV: ${rest}`);
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    rest = rest.slice(all.length);
    if (end.endsWith('\n') && rest !== '') rows.push([]);
  }
  return rows;
}

describe('form', () => {
  it.each<[string, ListForm]>([
    ['*/*', 'json'],
    ['', 'json'],
    ['application/json', 'json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
    ['text/csv', 'csv'],
    ['TEXT/CSV; charset=utf-8', 'csv'],
    ['text/csv, */*;q=0.1', 'csv'],
    ['application/x-ndjson', 'ndjson'],
    ['application/ndjson', 'ndjson'],
    ['application/json, text/csv;q=0.5', 'json'],
    ['text/csv;q=0.5, application/json', 'json'],
    ['text/csv;q=0.5, application/x-ndjson;q=0.6', 'ndjson'],
    ['text/csv;q=0', 'json'],
    ['text/csv;q=much', 'json'],
    ['application/json, text/csv', 'json'],
    ['text/csvx', 'json'],
    ['image/png', 'json'],
  ])('when %j is accepted, it is %s', (accept, form) => {
    expect(listForm(accept)).toBe(form);
  });
});

describe('page', () => {
  const items = [{ name: 'one', size: 1 }, { name: 'two' }];

  it('when there is more, JSON and the Link header say where', () => {
    const next = '8223372036854|a=2F';
    const { headers, jsonBody } = answer('json', { items, next });
    expect(jsonBody).toEqual({ items, cursor: expect.any(String) });
    expect(readCursor(jsonBody.cursor)).toBe(next);
    const link = `</api/v1/history?image=team%2Fapp&limit=2&cursor=${jsonBody.cursor}>; rel="next"`;
    expect(headers).toMatchObject({ link, 'cache-control': 'no-store', vary: 'accept' });
  });

  it('when the page asked for had a cursor itself, the link carries the new one only', () => {
    const { headers } = answer('csv', { items, next: '8223372036854|a' }, `${url}&cursor=old`);
    expect(headers).toMatchObject({ link: expect.not.stringContaining('old') });
  });

  it.each<ListForm>(['json', 'csv', 'ndjson'])(
    'when it is the last, %s says nothing of a next one',
    (form) => {
      const { headers, jsonBody } = answer(form, { items });
      expect(headers).not.toHaveProperty('link');
      if (form === 'json') expect(jsonBody).toEqual({ items });
    },
  );

  it('when a query holds what would break a header, the link has it encoded', () => {
    const hostile = `${url}&client=${encodeURIComponent('a>\r\nset-cookie: b="c"')}`;
    const { headers } = answer('csv', { items, next: '8223372036854|a' }, hostile);
    expect(headers).toMatchObject({ link: expect.stringMatching(/^<[!-;=?-~]*>; rel="next"$/) });
  });

  it('when it is empty, CSV has its header and NDJSON nothing', () => {
    expect(answer('csv', { items: [] }).body).toBe('name,size\n');
    expect(answer('ndjson', { items: [] }).body).toBe('');
  });

  it('when items are exported line by line, each line is one of them', () => {
    const { body, headers } = answer('ndjson', { items: [{ name: 'a\nb\u2028' }, { name: 'c' }] });
    const lines = String(body).split('\n');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toEqual([
      { name: 'a\nb\u2028' },
      { name: 'c' },
    ]);
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson' });
  });
});

describe('CSV', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠1'])(
    'when a cell is %j, it begins with a quote, so that no spreadsheet takes it for a formula',
    (name) => {
      expect(cellsOf(csvOf(name))[1]?.[0]).toBe(`'${name}`);
    },
  );

  it('when a number is negative it stays a number', () => {
    expect(answer('csv', { items: [{ name: 'a', size: -1 }] }).body).toBe('name,size\na,-1\n');
  });

  it('when a cell has quotes, commas or line ends, it stays one cell', () => {
    const names = ['say "hi"', 'a,b', 'a\nb', 'a\rb', 'a\r\nb', '"', ',', 'a;b', '<script>alert(1)</script>'];
    const rows = cellsOf(csvOf(...names));
    expect(rows.slice(1)).toEqual(names.map((name) => [name, '']));
  });

  it('when cells are arbitrary, reading them back gives them again, or them behind a quote', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom(...'=+-@"\',\r\n\t a') }),
    );
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const rows = cellsOf(csvOf(...names)).slice(1);
        expect(rows.map(([cell]) => cell?.replace(/^'(?=[=+\-@\t\r\n＝＋－＠])/, ''))).toEqual(
          names.map((one) => one.replace(/^'(?=[=+\-@\t\r\n＝＋－＠])/, '')),
        );
        for (const [cell] of rows) expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
      }),
    );
  });
});
