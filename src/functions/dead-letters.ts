import { app } from '@azure/functions';

/** The timer that replays dead letters, twice an hour. A fault fails its run; the next tries again. */
export function registerDeadLetters(replay: () => Promise<unknown>): void {
  app.timer('replayDeadLetters', {
    schedule: '0 12,42 * * * *',
    handler: async () => {
      await replay();
    },
  });
}
