import { app, type Timer } from '@azure/functions';

const runs: { name: string; timer: Timer; retry: number | undefined; failure: string | undefined }[] = [];
let running = 0;
let overlapped = false;

for (const [name, options] of Object.entries({
  everySecond: { schedule: '%EVERY_SECOND%' },
  yearly: { schedule: '0 0 0 1 1 *' },
  unmonitored: { schedule: '0 0 0 1 1 *', useMonitor: false },
  onStartup: { schedule: '0 0 0 1 1 *', runOnStartup: true },
  interval: { schedule: '00:00:01' },
})) {
  app.timer(name, {
    ...options,
    handler: (timer) => {
      runs.push({ name, timer, retry: undefined, failure: undefined });
    },
  });
}
app.timer('slow', {
  schedule: '* * * * * *',
  handler: async (timer) => {
    running += 1;
    overlapped ||= running > 1;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    running -= 1;
    runs.push({ name: 'slow', timer, retry: undefined, failure: undefined });
  },
});
app.timer('retried', {
  schedule: '0 0 0 1 1 *',
  runOnStartup: true,
  retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { seconds: 0 } },
  handler: (timer, context) => {
    const { retryContext } = context;
    runs.push({
      name: 'retried',
      timer,
      retry: retryContext?.retryCount,
      failure: retryContext?.exception?.message,
    });
    throw new Error('not yet');
  },
});
app.timer('retriedForEver', {
  schedule: '0 0 0 1 1 *',
  runOnStartup: true,
  retry: { strategy: 'fixedDelay', maxRetryCount: -1, delayInterval: { hours: 1 } },
  handler: () => {
    throw new Error('never');
  },
});
app.http('runs', { handler: () => ({ jsonBody: { runs, overlapped } }) });
