import { HttpRequest } from '@azure/functions';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod/mini';
import { answerTo, type Route, readSent, route } from '../../../src/api/route.ts';
import { principalWith } from '../../builders/refused-callers.ts';

const taking = route({
  name: 'postAnything',
  method: 'POST',
  path: 'anything',
  summary: 'Takes anything.',
  document: { group: 'Anything', answers: 'Nothing.', examples: [] },
  role: 'Release.Approve',
  query: z.strictObject({}),
  body: (value: unknown) => ({ ok: true as const, value }),
  answer: () => Promise.resolve({ status: 204 }),
});

/** A request that counts how often its body is made a text. */
function counted(text: string, headers: Readonly<Record<string, string>>) {
  const request = new HttpRequest({
    method: 'POST',
    url: 'https://audit.example/api/v1/anything',
    headers: { 'content-type': 'application/json', ...headers },
    body: { string: text },
  });
  const read = request.text.bind(request);
  const count = { reads: 0 };
  Object.defineProperty(request, 'text', {
    value() {
      count.reads += 1;
      return read();
    },
  });
  return { request, count };
}

const most = 1024 * 1024;
const allowed = principalWith(['Release.Approve']);

async function asked(text: string, headers: Readonly<Record<string, string>>, to: Route = taking) {
  const { request, count } = counted(text, headers);
  const { status } = await answerTo(to, 'platform', request, { error: () => {}, invocationId: 'i-1' });
  return { status, reads: count.reads };
}

// Without a byte order mark, which is no part of the text (https://encoding.spec.whatwg.org/#utf-8-decode).
const texts = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.startsWith('\uFEFF'));

describe('when a body is sent', () => {
  it('it is not read for who may not send it, nor when it is not JSON', async () => {
    expect(await asked('{}', {})).toEqual({ status: 401, reads: 0 });
    expect(await asked('{}', principalWith(['Audit.Read']))).toEqual({ status: 403, reads: 0 });
    for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      expect(await asked('{}', { ...allowed, 'content-type': type })).toEqual({ status: 415, reads: 0 });
    expect(await asked('{}', allowed)).toEqual({ status: 204, reads: 1 });
  });

  it('it is not read when it announces more bytes than the characters could have', async () => {
    const long = (bytes: number) => asked('{}', { ...allowed, 'content-length': String(bytes) });
    expect(await long(most * 4)).toEqual({ status: 204, reads: 1 });
    expect(await long(most * 4 + 1)).toEqual({ status: 413, reads: 0 });
    expect(await long(Number.MAX_SAFE_INTEGER)).toEqual({ status: 413, reads: 0 });
  });

  it('its characters count, whatever it announces', async () => {
    for (const announced of ['0', '-1', '1', 'many', '', '1e999', '0x10']) {
      const { request } = counted('x'.repeat(11), { 'content-length': announced });
      await expect(readSent(10, request)).rejects.toMatchObject({ problem: { status: 413 } });
    }
  });

  it('it is taken up to the limit and not beyond, of whichever characters it is', () =>
    fc.assert(
      fc.asyncProperty(texts, fc.nat(40), async (text, limit) => {
        const headers = { 'content-length': String(Buffer.byteLength(text)) };
        const reading = readSent(limit, counted(text, headers).request).then(
          (sent) => sent.text.length,
          () => 'refused',
        );
        expect(await reading).toBe(text.length > limit ? 'refused' : text.length);
      }),
    ));
});
