import { app } from '@azure/functions';

/** The timer that seals what was announced, each minute. One that fails is told as failed, and comes again. */
export function registerLedger(seal: () => Promise<void>): void {
  app.timer('sealLedger', { schedule: '20 * * * * *', handler: () => seal() });
}
