import { app, type InvocationContext } from '@azure/functions';
import type { EventOutcome } from '../audit/record-event.ts';

/**
 * The Event Grid trigger. Whatever the use case settles, good or bad, is acknowledged; what it throws is a passing fault,
 * which becomes a 500 so that Event Grid delivers again.
 */
export function registerRegistryEvents(record: (event: unknown) => Promise<EventOutcome>): void {
  app.eventGrid('registryEvents', {
    handler: async (event: unknown, context: InvocationContext) => {
      const outcome = await record(event);
      context.debug(`registry event ${outcome}`);
    },
  });
}
