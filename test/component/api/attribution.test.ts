import { beforeAll, describe, expect, it } from '@jest/globals';
import { recordAttributions } from '../../../src/audit/record-attribution.ts';
import type { Attribution } from '../../../src/history/attribution.ts';
import { historyReader } from '../../../src/storage/history-store.ts';
import { attributionPorts } from '../../builders/attributions.ts';
import { type AuditApp, auditApp, itemsOf } from '../../builders/audit-app.ts';
import { digestOf, imageDeleted, imagePushed } from '../../builders/registry-event.ts';

const one = digestOf('one');
const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const pushedAt = Date.UTC(2026, 4, 2, 14);
const attribution: Attribution = {
  identity: '=ci@contoso.com',
  address: '203.0.113.7',
  userAgent: 'docker/27.3.1',
  at: pushedAt + 40,
  evidence: {
    table: 'ContainerRegistryRepositoryEvents',
    operation: 'Push',
    correlationId: 'request-1',
    loginAt: pushedAt - 60_000,
  },
  certainty: 'likely',
};

let app: AuditApp;

beforeAll(async () => {
  app = auditApp();
  const timestamp = new Date(pushedAt).toISOString();
  await app.deliver(imagePushed({ id: 'push', tag: 'prod', digest: one, timestamp, userAgent: 'oras/1.2' }));
  await app.deliver(
    imageDeleted({ id: 'gone', digest: one, timestamp: '2026-05-02T14:05:00Z', userAgent: 'acr-cli' }),
  );
  const entry = await historyReader(app.repositories).record(repository, { time: pushedAt, id: 'push' });
  if (entry === undefined) throw new Error('not recorded');
  await recordAttributions(attributionPorts(app))(
    new Map([[{ ...repository, fact: entry.fact }, attribution]]),
  );
});

const told = {
  identity: '=ci@contoso.com',
  address: '203.0.113.7',
  userAgent: 'docker/27.3.1',
  at: '2026-05-02T14:00:00.040Z',
  certainty: 'likely',
  evidence: {
    table: 'ContainerRegistryRepositoryEvents',
    operation: 'Push',
    correlationId: 'request-1',
    loginAt: '2026-05-02T13:59:00.000Z',
  },
};

describe('when the log told who did it', () => {
  it.each(['', 'image=team/app', 'image=team/app:prod', `image=team/app@${one}`])(
    'is in the history of %j, beside what the client said of itself',
    async (scope) => {
      const [gone, push] = await itemsOf(app, scope);
      expect(push).toMatchObject({ client: { userAgent: 'oras/1.2' }, attribution: told });
      expect(gone).not.toHaveProperty('attribution');
    },
  );

  it.each([
    ['CI@contoso', ['push']],
    ['203.0.113', ['push']],
    ['docker/27', ['push']],
    ['oras', ['push']],
    ['mallory', []],
  ])('is found by client=%s', async (client, ids) => {
    expect((await itemsOf(app, `client=${client}`)).map(({ eventId }) => eventId)).toEqual(ids);
  });

  it('is in CSV, without becoming a formula', async () => {
    const response = await app.get('history?image=team/app', { headers: { accept: 'text/csv' } });
    const [, gone, push] = (await response.text()).split('\n');
    expect(push).toMatch(
      /,'=ci@contoso\.com,203\.0\.113\.7,docker\/27\.3\.1,2026-05-02T14:00:00\.040Z,likely,ContainerRegistryRepositoryEvents Push request-1$/,
    );
    expect(gone).toMatch(/,,,,,,$/);
  });

  it('is with the entry that a tag is resolved by', async () => {
    const response = await app.get('resolve?image=team/app:prod&at=2026-05-02T14:01:00Z');
    expect(JSON.parse(await response.text())).toMatchObject({ by: { recordId: 'push', attribution: told } });
  });
});
