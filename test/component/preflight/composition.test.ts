import { expect, it } from '@jest/globals';
import { preflightOf } from '../../../src/main-preflight.ts';
import { readSettings } from '../../../src/settings.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const key = '0123456789abcdef0123456789abcdef';
const id =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/rg/providers/microsoft.containerregistry/registries/contoso';
/** Settings as the templates make them. */
const environment = {
  REGISTRIES: `contoso.azurecr.io=${id}`,
  AuditStorage__clientId: 'the auditor',
  AuditStorage__tableServiceUri: 'https://evidence.table.core.windows.net',
  AuditStorage__queueServiceUri: 'https://evidence.queue.core.windows.net',
  AuditStorage__blobServiceUri: 'https://evidence.blob.core.windows.net',
  AzureWebJobsStorage__clientId: 'the host',
  AzureWebJobsStorage__blobServiceUri: 'https://host.blob.core.windows.net',
  AzureWebJobsStorage__queueServiceUri: 'https://host.queue.core.windows.net',
  AzureWebJobsStorage__tableServiceUri: 'https://host.table.core.windows.net',
  ACR_AUDIT_LOCKER_CLIENT_ID: 'the locker',
  ACR_AUDIT_DELETER_CLIENT_ID: 'the deleter',
  ACR_AUDIT_ALERT_TOPIC: 'https://findings.westeurope-1.eventgrid.azure.net/api/events',
  ACR_AUDIT_LEDGER_SIGNING_KEY: `https://contoso.vault.azure.net/keys/ledger/${key}`,
  ACR_AUDIT_LEDGER_WITNESS_CONTAINER: 'https://witness.blob.core.windows.net/ledger-witness',
  ACR_AUDIT_PRIVACY_KEY_SECRET: `https://contoso.vault.azure.net/secrets/privacy/${key}`,
};

/** What would be tried, of an app none of whose identities gets a token: nothing leaves this machine. */
async function tried(changed: Readonly<Record<string, string>> = {}) {
  const asked = new Set<string>();
  const all = { ...environment, ...changed };
  const { unknown, ...others } = await preflightOf({
    settings: readSettings(all),
    environment: all,
    contents: new Map(),
    credentialOf: (clientId = 'the machine') => ({
      async getToken() {
        asked.add(clientId);
        throw Object.assign(new Error('no token'), { name: 'AuthenticationError', statusCode: 400 });
      },
    }),
    clock: { now: () => 0 },
    log: quiet,
  })();
  expect(others).toEqual({ at: 0, missing: [], tooMuch: [], right: 0 });
  return {
    asked: [...asked].sort(),
    about: unknown.map((text) => text.replace(/^whether the | of .*|: .*$/g, '')),
    unknown,
  };
}

it('when every identity is there, each is tried where it works, and the evidence by all', async () => {
  const { asked, about, unknown } = await tried();
  expect(asked).toEqual(['the auditor', 'the deleter', 'the host', 'the locker']);
  const countOf = (text: string) => about.filter((one) => one === text).length;
  // leases, dead letters and plans; the ledger, its witness, settled and quarantined dead letters.
  expect(countOf('auditor may delete blobs')).toBe(7);
  expect(countOf('auditor may read in tables')).toBe(1);
  expect(countOf('host may read the evidence')).toBe(8);
  expect(countOf('locker may read the evidence')).toBe(8);
  expect(countOf('deleter may read the evidence')).toBe(8);
  for (const text of [
    'auditor may pull manifests',
    'auditor may read the settings',
    'auditor may list the tasks',
    'locker may set locks',
    'locker may change the settings',
    'deleter may restore what soft delete keeps',
    'auditor may sign with the key',
    'auditor may back up the keys',
    'auditor may read the secret',
    'auditor may publish findings',
    'host may write in azure-webjobs-hosts',
    'host may delete in queues',
  ]) {
    expect([text, countOf(text)]).toEqual([text, 1]);
  }
  expect(unknown.some((text) => text.includes('ledger-witness'))).toBe(true);
});

it('when storage is reached by a key, and there is neither deleter nor host identity, none of them is tried', async () => {
  const { asked, about } = await tried({
    AuditStorage__tableServiceUri: '',
    AuditStorage: 'UseDevelopmentStorage=true',
    AzureWebJobsStorage__blobServiceUri: '',
    ACR_AUDIT_LOCKER_CLIENT_ID: '',
    ACR_AUDIT_DELETER_CLIENT_ID: '',
  });
  expect(asked).toEqual(['the auditor']);
  expect(about.filter((text) => /evidence|blobs|^host|^locker|^deleter/.test(text))).toEqual([]);
  expect(about).toContain('auditor may set locks');
});
