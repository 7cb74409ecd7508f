import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Azurite, startAzurite } from '../builders/azurite.ts';
import { deployedApp } from '../builders/deployed-app.ts';
import { imagePushed } from '../builders/registry-event.ts';
import { type AppDirectory, type HostProcess, startHostProcess } from '../component/host/host-process.ts';

let app: AppDirectory;
let azurite: Azurite;
let host: HostProcess;

/** What an SDK does when it is loaded before the app: here each number is written to the host's log. */
function telemetry(): string {
  const api = createRequire(resolve('package.json')).resolve('@opentelemetry/api');
  return `
    const { createNoopMeter, metrics } = require(${JSON.stringify(api)});
    const make = (name) => {
      const take = (value, attributes) => console.error('measured', JSON.stringify({ name, value, attributes }));
      return { add: take, record: take };
    };
    const meter = Object.assign(createNoopMeter(), { createCounter: make, createHistogram: make, createGauge: make });
    metrics.setGlobalMeterProvider({ getMeter: () => meter });
  `;
}

beforeAll(async () => {
  [app, azurite] = await Promise.all([deployedApp(), startAzurite()]);
  const file = join(app.root, 'telemetry.cjs');
  await writeFile(file, telemetry());
  host = await startHostProcess(app, {
    env: {
      REGISTRIES: 'contoso.azurecr.io',
      AuditStorage: azurite.connectionString,
      ACR_AUDIT_AUTH: 'development',
      NODE_OPTIONS: `--require ${file}`,
    },
  });
});
afterAll(async () => {
  await host?.stop();
  await azurite?.stop();
  await app?.remove();
});

describe('the app as it is deployed', () => {
  it('when an event is recorded, its line is of the invocation that recorded it, and it is counted', async () => {
    const response = await fetch(`${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification' },
      body: JSON.stringify([imagePushed({ id: 'observed' })]),
    });
    expect(response.status).toBe(202);
    const line = /registryEvents: ([0-9a-f-]{36}) (\{"level":"info","message":"event recorded",.*\})\n/;
    const [, invocation = '', text = ''] = line.exec(await host.logged(line)) ?? [];
    expect(JSON.parse(text)).toMatchObject({
      event: 'observed',
      record: 'observed',
      registry: 'contoso.azurecr.io',
    });
    await host.logged(`registryEvents: ${invocation} succeeded`);
    await host.logged('{"name":"acr_audit.events","value":1,"attributes":{"outcome":"recorded"}}');
  });

  it('when its state is measured, each thing that alert rules look at is in a line and in a number', async () => {
    const response = await fetch(`${host.url}/admin/functions/measureState`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: '' }),
    });
    expect(response.status).toBe(202);
    for (const message of ['comparisons measured', 'registry measured', 'dead letters measured']) {
      await host.logged(new RegExp(`measureState: \\S+ \\{"level":"info","message":"${message}"`));
    }
    await host.logged('"name":"acr_audit.dead_letters","value":0,"attributes":{"state":"quarantined"}');
    await host.logged(/measureState: \S+ succeeded|\S+ succeeded in/);
  });
});
