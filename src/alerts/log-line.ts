import type { AlertSink } from '../audit/inventory-ports.ts';
import type { Log } from '../audit/ports.ts';
import { alertEvent } from './alert-event.ts';

/** Writes one structured line a change, for alert rules of Azure Monitor: see docs/alerts.md. */
export function logLine(log: Log): AlertSink {
  return {
    name: 'log',
    async send(alert) {
      const { id, time, data } = alertEvent(alert);
      const { detail, remedy: _, ...values } = data;
      const { workloads, environments, owners, record } = detail;
      const line = { alert: id, time, ...values, ...present({ workloads, environments, owners, record }) };
      const isUrgent = data.severity === 'critical' || data.severity === 'high';
      const isNews = data.change !== 'resolved' && data.change !== 'acknowledged' && data.change !== 'waived';
      if (isNews && isUrgent) log.error('finding', line);
      else if (isNews) log.warn('finding', line);
      else log.info('finding', line);
    },
  };
}

function present(values: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
