import type { TokenCredential } from '@azure/core-auth';
import type { AlertSettings } from './alert-settings.ts';
import { logLine } from './alerts/log-line.ts';
import { webhook } from './alerts/webhook.ts';
import type { AlertSink } from './audit/inventory-ports.ts';
import type { Clock, Log } from './audit/ports.ts';

/**
 * Whom alerts are sent to: the log always. The SDK of Event Grid is loaded when it is first needed. Part of the composition
 * root.
 */
export function sinksOf(
  { topic, webhooks }: AlertSettings,
  { identity, clock, log }: { readonly identity: TokenCredential; readonly clock: Clock; readonly log: Log },
): readonly AlertSink[] {
  const hooks = webhooks.map((hook) => webhook({ ...hook, now: clock.now }));
  if (topic === undefined) return [logLine(log), ...hooks];
  let grid: Promise<AlertSink> | undefined;
  const lazily: AlertSink = {
    name: 'event-grid',
    async send(alert) {
      grid ??= import('./alerts/event-grid-topic.ts').then(({ eventGridTopic }) =>
        eventGridTopic({ endpoint: topic, credential: identity }),
      );
      await (await grid).send(alert);
    },
  };
  return [logLine(log), lazily, ...hooks];
}
