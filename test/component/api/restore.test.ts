import { describe, expect, it } from '@jest/globals';
import { roles } from '../../../src/api/principal.ts';
import { getRestorableRoute, postRestoreRoute } from '../../../src/api/restore.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { RestoreRequest } from '../../../src/audit/restore-image.ts';
import type { RepositoryId } from '../../../src/history/fact.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { routeCaller } from '../../builders/route-caller.ts';

const registries = [{ loginServer: 'contoso.azurecr.io' }];
const [one, part] = [digestOf('one'), digestOf('part')];
const deletedAt = Date.parse('2026-05-02T14:03:00Z');

function api({ isOn = true } = {}) {
  const asked: (RepositoryId & RestoreRequest)[] = [];
  const off = () => {
    throw new AuditFault('restore-off', 'no identity may restore', { retryable: false });
  };
  const restorable = getRestorableRoute(registries, {
    async restorable(_, limit) {
      if (!isOn) off();
      const manifests = [{ digest: one, deletedAt, tags: ['v1'] }].slice(0, limit);
      return { manifests, tags: [{ tag: 'v0', digest: part }], isCut: false };
    },
  });
  const restore = postRestoreRoute(registries, {
    async restore(repository, request) {
      if (!isOn) off();
      asked.push({ ...repository, ...request });
      return {
        restored: [{ digest: one }, { tag: 'v1', digest: one }],
        alreadyThere: [],
        notRestorable: [{ digest: part, because: 'soft delete keeps it no more' }],
      };
    },
  });
  const ask = routeCaller([restorable, restore]);
  const call = async (...told: Parameters<typeof ask>) => {
    const answer = await ask(...told);
    const json: unknown = await answer.json();
    return { status: answer.status, json };
  };
  return { asked, call };
}

const body = { image: `contoso.azurecr.io/team/app:v1@${one}`, reason: 'deleted by mistake' };

describe('when it is asked what can be restored', () => {
  it('it is told, with the tags that it had', async () => {
    const answer = await api().call('GET', 'retention/restorable?image=team/app');
    expect(answer).toMatchObject({
      status: 200,
      json: {
        manifests: [{ digest: one, deletedAt: '2026-05-02T14:03:00.000Z', tags: ['v1'] }],
        tags: [{ tag: 'v0', digest: part }],
        isCut: false,
      },
    });
  });

  it('and no identity may restore, that is said', async () => {
    const { call } = api({ isOn: false });
    expect(await call('GET', 'retention/restorable?image=team/app')).toMatchObject({
      status: 409,
      json: { type: 'urn:acr-audit:problem:restore-off' },
    });
    expect(await call('POST', 'retention/restore', { body })).toMatchObject({ status: 409 });
  });
});

describe('when an image is to be restored', () => {
  it('what came back, and what did not, is told', async () => {
    const { call, asked } = api();
    const answer = await call('POST', 'retention/restore', {
      body: { ...body, tags: ['v2', 'v1'], at: '2026-05-02T14:03:00Z' },
    });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        restored: [{ repository: 'team/app', digest: one }, { tag: 'v1' }],
        notRestorable: [{ digest: part, because: 'soft delete keeps it no more' }],
      },
    });
    expect(asked).toMatchObject([
      {
        registry: 'contoso.azurecr.io',
        repository: 'team/app',
        digest: one,
        tags: ['v1', 'v2'],
        tagsAt: deletedAt,
        reason: 'deleted by mistake',
      },
    ]);
  });

  it.each([
    ['no digest', { image: 'contoso.azurecr.io/team/app:v1' }, 'image'],
    ['another registry', { image: `fabrikam.azurecr.io/team/app@${one}` }, 'image'],
    ['no reference', { image: 'a b' }, 'image'],
    ['no reason', { reason: undefined }, 'reason'],
    ['a tag that is none', { tags: ['-'] }, 'tags.0'],
    ['a time that is none', { at: 'yesterday' }, 'at'],
    ['a field nobody knows', { force: true }, 'force'],
  ])('with %s, the field is named and nothing is done', async (_, change, field) => {
    const { call, asked } = api();
    expect(await call('POST', 'retention/restore', { body: { ...body, ...change } })).toMatchObject({
      status: 400,
      json: { parameters: [{ name: field }] },
    });
    expect(asked).toEqual([]);
  });

  it('the role to run plans is needed, and no other is enough', async () => {
    const others = roles.filter((role) => role !== 'Retention.Execute');
    const { call, asked } = api();
    expect(
      await call('POST', 'retention/restore', { body, headers: { 'x-dev-roles': others.join() } }),
    ).toMatchObject({ status: 403 });
    expect(asked).toEqual([]);
    const allowed = await call('POST', 'retention/restore', {
      body,
      headers: { 'x-dev-roles': 'Retention.Execute' },
    });
    expect(allowed).toMatchObject({ status: 200 });
  });
});
