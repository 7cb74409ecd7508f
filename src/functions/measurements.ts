import { app } from '@azure/functions';

/** The timer that says how far the audit lags behind, each five minutes. */
export function registerMeasurements(measure: () => Promise<void>): void {
  app.timer('measureState', { schedule: '50 */5 * * * *', handler: () => measure() });
}
