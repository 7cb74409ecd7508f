import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deletedImages } from '../../../src/acr/deleted-images.ts';
import { registryDeletions } from '../../../src/acr/registry-deletions.ts';
import { aFault, credential, gathered } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import {
  type ScriptedAnswer,
  type ScriptedRegistry,
  startScriptedRegistry,
} from '../registry-content/scripted-registry.ts';

const repository = 'team/app';
const digest = digestOf('image');
let registry: ScriptedRegistry;

beforeAll(async () => {
  registry = await startScriptedRegistry();
});
afterAll(() => registry.close());

function access(waits: number[] = []) {
  const pause = async (ms: number) => waits.push(ms);
  return {
    endpoint: registry.url,
    ca: registry.ca,
    credential: credential(),
    timeoutMs: 200,
    retry: { attempts: 3, random: () => 0, pause, maxWaitMs: 60_000 },
  };
}

const sent = () => registry.requests.map(({ method, target, body }) => ({ method, target, body }));
const problem = (status: number, code: string, headers = {}): ScriptedAnswer => ({
  status,
  headers,
  body: { errors: [{ code, message: 'no' }] },
});

describe('when a deletion is sent', () => {
  it('names one tag, or one digest, and nothing else', async () => {
    registry.answer(() => ({ status: 202 }));
    const deletions = registryDeletions(access());
    expect(await deletions.untag(repository, 'v1')).toEqual({ outcome: 'deleted' });
    expect(await deletions.deleteManifest(repository, digest)).toEqual({ outcome: 'deleted' });
    const paths = sent().map(({ method, target }) => `${method} ${target.replace(/\?.*$/, '')}`);
    expect(paths).toEqual([
      'DELETE /acr/v1/team%2Fapp/_tags/v1',
      `DELETE /v2/team%2Fapp/manifests/${encodeURIComponent(digest)}`,
    ]);
  });

  it('waits as long as it is told to, within bounds', async () => {
    const waits: number[] = [];
    let busy = 1;
    registry.answer(() => {
      busy -= 1;
      return busy < 0 ? { status: 202 } : problem(429, 'TOOMANYREQUESTS', { 'Retry-After': '7' });
    });
    expect(await registryDeletions(access(waits)).deleteManifest(repository, digest)).toEqual({
      outcome: 'deleted',
    });
    expect(waits).toEqual([7_000]);
    registry.answer(() => problem(429, 'TOOMANYREQUESTS', { 'Retry-After': '3600' }));
    await expect(registryDeletions(access(waits)).deleteManifest(repository, digest)).rejects.toMatchObject(
      aFault('registry-429', true),
    );
    expect(waits).toEqual([7_000]);
  });

  it('one whose answer was lost, and that is not there when asked again, is absent', async () => {
    let tries = 0;
    registry.answer(() => {
      tries += 1;
      return tries === 1 ? problem(503, 'UNAVAILABLE') : problem(404, 'MANIFEST_UNKNOWN');
    });
    expect(await registryDeletions(access()).deleteManifest(repository, digest)).toEqual({
      outcome: 'absent',
    });
  });

  it.each<[string, ScriptedAnswer, string, boolean]>([
    ['a 404 of somebody else', { status: 404, body: 'nothing here' }, 'registry-404', false],
    ['a 404 without a code', { status: 404, body: {} }, 'registry-unreadable', false],
    ['an answer that is none', { status: 200, body: {} }, 'registry-unreadable', false],
    ['silence', 'silence', 'registry-silent', true],
    ['a fault of the registry', problem(500, 'UNKNOWN'), 'registry-500', true],
  ])('%s is not taken for a deletion', async (_, answer, code, retryable) => {
    registry.answer(() => answer);
    await expect(registryDeletions(access()).deleteManifest(repository, digest)).rejects.toMatchObject(
      aFault(code, retryable),
    );
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
    [405, 'REGISTRY_DISALLOWED_OPERATION'],
  ])('a %i is a refusal, asked once', async (status, code) => {
    registry.answer(() => problem(status, code));
    expect(await registryDeletions(access()).untag(repository, 'v1')).toEqual({
      outcome: 'refused',
      code: `registry-${status}`,
    });
    expect(registry.requests).toHaveLength(1);
  });
});

describe('when a restoration is sent', () => {
  it('names one digest, and the tag in the body', async () => {
    registry.answer(() => ({ status: 200, body: {} }));
    const deleted = deletedImages(access());
    expect(await deleted.restore(repository, digest)).toEqual({ outcome: 'restored' });
    expect(await deleted.restore(repository, digest, 'v1')).toEqual({ outcome: 'restored' });
    const target = `/acr/v1/_deleted/team/app/_manifests/${digest}`;
    expect(sent()).toEqual([
      { method: 'POST', target, body: '{}' },
      { method: 'POST', target, body: '{"tag":"v1"}' },
    ]);
    for (const { headers } of registry.requests) {
      expect(headers).toMatchObject({ 'content-type': 'application/json' });
      expect(Object.keys(headers).filter((name) => name.startsWith('x-acr-audit'))).toEqual([]);
    }
  });

  it.each<[string, ScriptedAnswer]>([
    ['a 404 of somebody else', { status: 404, body: 'nothing here' }],
    ['silence', 'silence'],
    ['a fault of the registry', problem(500, 'UNKNOWN')],
  ])('%s says nothing of what soft delete keeps', async (_, answer) => {
    registry.answer(() => answer);
    await expect(deletedImages(access()).restore(repository, digest)).rejects.toMatchObject({
      name: 'AuditFault',
    });
    await expect(gathered(deletedImages(access()).tags(repository))).rejects.toMatchObject({
      name: 'AuditFault',
    });
  });

  it('pages of another list, or of another host, are not followed', async () => {
    for (const link of ['/acr/v1/_deleted/team/app/_tags?last=v1', 'https://registry.example/acr/v1']) {
      registry.answer(() => ({
        headers: { Link: `<${link}>; rel="next"` },
        body: { imageName: repository, manifests: [{ digest }] },
      }));
      await expect(gathered(deletedImages(access()).manifests(repository))).rejects.toMatchObject(
        aFault('registry-unreadable', false),
      );
    }
  });
});
