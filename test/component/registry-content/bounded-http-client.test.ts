import { createPipelineRequest, type PipelineRequestOptions } from '@azure/core-rest-pipeline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { boundedHttpClient, OversizedAnswerError } from '../../../src/acr/bounded-http-client.ts';
import { type ScriptedRegistry, startScriptedRegistry } from './scripted-registry.ts';

describe('when an answer is read within bounds', () => {
  let registry: ScriptedRegistry;

  beforeAll(async () => {
    registry = await startScriptedRegistry();
  });
  afterAll(() => registry.close());

  function send({ timeoutMs = 30_000, maxBytes = 100 }, options: Partial<PipelineRequestOptions> = {}) {
    const request = createPipelineRequest({ url: registry.url, ...options });
    request.tlsSettings = { ca: registry.ca };
    return boundedHttpClient({ timeoutMs, maxBytes }).sendRequest(request);
  }

  it.each(['silence', 'silence after the headers'] as const)('gives up on %s by itself', async (answer) => {
    registry.answer(() => answer);
    await expect(send({ timeoutMs: 50 })).rejects.toMatchObject({
      name: expect.stringMatching(/^(?:Abort|Timeout)Error$/),
    });
  });

  it('gives up when it is told to', async () => {
    registry.answer(() => 'silence');
    await expect(send({}, { abortSignal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('reads as much as it may, and no more', async () => {
    registry.answer(() => ({ body: 'x'.repeat(100) }));
    expect((await send({})).bodyAsText).toBe('x'.repeat(100));
    registry.answer(() => ({ body: 'x'.repeat(101) }));
    await expect(send({})).rejects.toBeInstanceOf(OversizedAnswerError);
  });

  it('has the text ready, and a stream of the same bytes only for the statuses that it was asked for', async () => {
    registry.answer(() => ({ body: 'née' }));
    const asked = await send({}, { streamResponseStatusCodes: new Set([200]) });
    const chunks: Buffer[] = [];
    for await (const chunk of asked.readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).toString('utf8')).toBe('née');
    expect(asked).toMatchObject({ status: 200, bodyAsText: 'née' });
    registry.answer(() => ({ status: 404, body: 'absent' }));
    const absent = await send({}, { streamResponseStatusCodes: new Set([200]) });
    expect(absent).toMatchObject({ status: 404, bodyAsText: 'absent' });
    expect(absent.readableStreamBody).toBeUndefined();
  });
});
