import { app } from '@azure/functions';

/** The timer that lays history to the registries' logs, hourly, after the round of comparisons has mostly ended. */
export function registerAttribution(attribute: () => Promise<void>): void {
  app.timer('attributeHistory', { schedule: '0 37 * * * *', handler: () => attribute() });
}
