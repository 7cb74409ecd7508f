import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mayPublish } from '../../../src/alerts/topic-permission.ts';
import { azurePermissions } from '../../../src/inventory/azure-permissions.ts';
import { maySecretBeRead, signingPermissions } from '../../../src/storage/signing-permissions.ts';
import { type AlertReceiver, startAlertReceiver } from '../../builders/alert-receiver.ts';
import { type StandInVault, startKeyVault, type VaultAnswer } from '../../builders/key-vault.ts';
import { credential } from '../../builders/registry-access.ts';
import { type ResourceManager, startResourceManager } from '../../builders/resource-manager.ts';

const id =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg/providers/microsoft.containerregistry/registries/contoso';
const refusal = (code: string) => ({ error: { code, message: code } });

describe('Azure Resource Manager', () => {
  let manager: ResourceManager;
  beforeAll(async () => {
    manager = await startResourceManager();
  });
  afterAll(() => manager.close());
  const asked = () =>
    azurePermissions({
      credential: credential(),
      armEndpoint: manager.url,
      now: () => 0,
      retry: { attempts: 1 },
    });

  it.each(['LegacyRegistryPermissions', 'AbacRepositoryPermissions'])(
    'when a registry is in mode %s, that is read',
    async (mode) => {
      manager.answer(200, { id, properties: { roleAssignmentMode: mode } });
      expect(await asked().roleMode(id)).toBe(mode);
      manager.answer(200, { id, properties: { roleAssignmentMode: 'another' } });
      expect(await asked().roleMode(id)).toBeUndefined();
    },
  );

  it('when an identity is let in, it may; when Azure refuses, it may not', async () => {
    manager.answer(200, { value: [], properties: {} });
    expect(await asked().mayReadRegistry(id)).toBe(true);
    expect(await asked().mayListTasks(id)).toBe(true);
    manager.answer(403, refusal('AuthorizationFailed'));
    expect(await asked().mayReadRegistry(id)).toBe(false);
    expect(await asked().mayListTasks(id)).toBe(false);
    expect(await asked().mayReadSubscription('one')).toBe(false);
  });

  it('when it may ping a webhook that is not there, it may change the registry', async () => {
    manager.answer(404, refusal('ResourceNotFound'));
    expect(await asked().mayAdminister(id)).toBe(true);
    manager.answer(403, refusal('AuthorizationFailed'));
    expect(await asked().mayAdminister(id)).toBe(false);
    expect(manager.requests.at(-1)).toMatchObject({
      method: 'POST',
      target: expect.stringMatching(/\/webhooks\/acrauditpreflight\/ping\?/),
    });
  });

  it('when a subscription that may not be read is said not to be there, it may not be read', async () => {
    manager.answer(404, refusal('SubscriptionNotFound'));
    expect(await asked().mayReadSubscription('00000000-0000-0000-0000-000000000000')).toBe(false);
  });

  it('when Azure fails, that tells nothing', async () => {
    manager.answer(500, refusal('InternalServerError'));
    await expect(asked().mayReadRegistry(id)).rejects.toMatchObject({ code: 'azure-500' });
    await expect(asked().mayReadRegistry('/no/id')).rejects.toMatchObject({ code: 'azure-name' });
  });
});

describe('the vault', () => {
  let vault: StandInVault;
  beforeAll(async () => {
    vault = await startKeyVault();
  });
  beforeEach(() => void vault.instead.splice(0));
  afterAll(() => vault.close());
  const options = () => ({ credential: credential(), ca: vault.ca, attempts: 1 });
  const key = () => signingPermissions({ ...options(), keyId: vault.keyId });
  const forbidden: VaultAnswer = { status: 403, body: refusal('Forbidden') };

  it('when the key may be read and sign, it may sign', async () => {
    expect(await key().maySign()).toBe(true);
  });

  it('when to read the key, or to sign with it, is taken away, it may not sign', async () => {
    vault.instead.push(forbidden);
    expect(await key().maySign()).toBe(false);
    vault.instead.push({ body: { key: vault.shown, attributes: vault.attributes } }, forbidden);
    expect(await key().maySign()).toBe(false);
  });

  it('when a key that is not there is said not to be there, it may back up keys, which is too much', async () => {
    expect(await key().mayBackUp()).toBe(true);
    vault.instead.push(forbidden);
    expect(await key().mayBackUp()).toBe(false);
  });

  it('when a secret may not be read, that is found', async () => {
    const asked = () => maySecretBeRead({ ...options(), secretId: vault.secretId });
    expect(await asked()).toBe(true);
    vault.instead.push(forbidden);
    expect(await asked()).toBe(false);
    vault.instead.push({ status: 500, body: refusal('InternalServerError') });
    await expect(asked()).rejects.toMatchObject({ code: 'key-vault-500' });
  });
});

describe('the topic of findings', () => {
  let receiver: AlertReceiver;
  beforeAll(async () => {
    receiver = await startAlertReceiver({ tls: true });
  });
  afterAll(() => receiver.close());
  const asked = () =>
    mayPublish({ endpoint: receiver.url, ca: receiver.ca, credential: credential(), timeoutMs: 5_000 });

  it.each([
    [200, true],
    [400, true],
    [401, false],
    [403, false],
  ])('when an empty list is answered %d, to publish is allowed: %s', async (status, may) => {
    receiver.answer = status;
    expect(await asked()).toBe(may);
    expect(receiver.received.at(-1)?.body).toBe('[]');
  });

  it('when there is no such topic, that tells nothing', async () => {
    receiver.answer = 404;
    await expect(asked()).rejects.toMatchObject({ code: 'event-grid-404' });
  });
});
