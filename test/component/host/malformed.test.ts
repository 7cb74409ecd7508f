import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createAdmin } from '../../../local/host/admin.ts';
import { createEventGridTrigger } from '../../../local/host/event-grid-trigger.ts';
import type { HostedFunction, TriggerKind } from '../../../local/host/function-metadata.ts';
import { type HostHandler, RequestFault } from '../../../local/host/http-server.ts';
import { openAccess } from '../../../local/host/keys.ts';

function hosted(name: string, kind: TriggerKind): HostedFunction {
  const binding = { type: `${kind}Trigger`, direction: 'in' };
  return {
    name,
    disabled: false,
    metadata: { name, bindings: { input: binding } },
    callback: () => undefined,
    trigger: { kind, name: 'input', properties: binding },
  };
}

const targets = [hosted('events', 'eventGrid'), hosted('timer', 'timer'), hosted('queue', 'queue')];
const shared = {
  targets,
  invoker: {
    invoke: async () => ({ succeeded: true as const, id: '1', response: {} }),
    settle: async () => [],
  },
  access: openAccess,
  log: () => undefined,
};

/** The status a handler answers with; only a RequestFault may be thrown. */
async function statusOf(
  handler: HostHandler,
  path: string,
  body: string,
  headers: Record<string, string> = {},
) {
  const url = new URL(path, 'http://127.0.0.1');
  try {
    const request = { method: 'POST', url, path: url.pathname, headers, body: async () => Buffer.from(body) };
    return (await handler(request)).status;
  } catch (error) {
    if (error instanceof RequestFault) return error.status;
    throw error;
  }
}

const bodies = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc
    .array(
      fc.record(
        { id: fc.string(), data: fc.oneof(fc.string(), fc.json(), fc.jsonValue()) },
        { requiredKeys: [] },
      ),
    )
    .map((events) => JSON.stringify(events)),
);

describe('when bodies are arbitrary', () => {
  it('the Event Grid webhook accepts or refuses them', async () => {
    const handler = createEventGridTrigger(shared);
    const types = fc.constantFrom('Notification', 'SubscriptionValidation', 'Unsubscribe', 'Other');
    await fc.assert(
      fc.asyncProperty(bodies, types, async (body, type) => {
        const headers = { 'aeg-event-type': type };
        const status = await statusOf(
          handler,
          '/runtime/webhooks/eventgrid?functionName=events',
          body,
          headers,
        );
        expect([200, 202, 400]).toContain(status);
      }),
    );
  });

  it('the admin API accepts or refuses them', async () => {
    const handler = createAdmin({ ...shared, hostVersion: '4' });
    const inputs = fc.oneof(
      bodies,
      bodies.map((input) => JSON.stringify({ input })),
    );
    await fc.assert(
      fc.asyncProperty(inputs, fc.constantFrom('events', 'timer', 'queue'), async (body, name) => {
        expect([202, 400]).toContain(await statusOf(handler, `/admin/functions/${name}`, body));
      }),
    );
  });
});
