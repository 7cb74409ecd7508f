import { HttpRequest } from '@azure/functions';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { limitParameter } from '../../../src/api/limit-parameter.ts';
import { listForm, listingResponse } from '../../../src/api/listing.ts';
import { route } from '../../../src/api/route.ts';
import { answerExport } from '../../../src/dashboard/export.ts';

/** A list of so many numbers, and how it was asked. */
function numbers(count: number) {
  const asked: string[] = [];
  const list = route({
    name: 'getNumbers',
    method: 'GET',
    path: 'of/{kind}/numbers',
    summary: 'Numbers.',
    document: { group: 'Numbers', answers: 'Numbers.', isList: true, examples: [] },
    role: 'Audit.Read',
    query: z.strictObject({ limit: z.optional(limitParameter), cursor: z.optional(z.string()) }),
    async answer({ query: { limit = 100, cursor }, accept, url, params }) {
      asked.push(`${params['kind']} ${limit} ${cursor ?? ''}`);
      const start = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64url').toString());
      const end = Math.min(count, start + limit);
      const items = Array.from({ length: end - start }, (_, place) => start + place);
      const listing = end < count ? { items, next: String(end) } : { items };
      return listingResponse(listing, listForm(accept), url, ['number'], (number) => ({ number }));
    },
  });
  return { list, asked };
}

function ask(list: ReturnType<typeof numbers>['list'], path: string, headers: Record<string, string> = {}) {
  const url = `https://audit.example/dashboard/export/${path}`;
  const request = new HttpRequest({
    method: 'GET',
    url,
    params: { list: path.split('?')[0] ?? '' },
    headers,
  });
  return answerExport([list], 'development', request, { error: () => {}, invocationId: 'i' });
}

describe('when a list is downloaded', () => {
  it('all of it comes as one file, in pages as large as may be', async () => {
    const { list, asked } = numbers(2_500);
    const answer = await ask(list, 'of/odd/numbers');
    const lines = String(answer.body).trim().split('\n');
    expect(lines).toHaveLength(2_501);
    expect(lines.filter((line) => line === 'number')).toHaveLength(1);
    expect(lines.slice(-1)).toEqual(['2499']);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toBe('odd 1000 ');
    expect(answer.headers).toMatchObject({
      'content-disposition': 'attachment; filename="of-numbers.csv"',
      'content-type': expect.stringContaining('text/csv'),
    });
  });

  it('and it is longer than a file may be, its name says that it is not all', async () => {
    const answer = await ask(numbers(10_001).list, 'of/odd/numbers');
    expect(String(answer.body).trim().split('\n')).toHaveLength(10_001);
    expect(answer.headers).toMatchObject({
      'content-disposition': 'attachment; filename="of-numbers-first-rows.csv"',
    });
  });

  it('and the caller may not, it is refused', async () => {
    const { list, asked } = numbers(1);
    expect((await ask(list, 'of/odd/numbers', { 'x-dev-roles': 'none' })).status).toBe(403);
    expect((await ask(list, 'nothing', { 'x-dev-roles': 'none' })).status).toBe(403);
    expect((await ask(list, 'nothing')).status).toBe(404);
    expect((await ask(list, 'of/odd/numbers?dance=1')).status).toBe(400);
    expect(asked).toEqual([]);
  });
});
