import { monitorEventLoopDelay } from 'node:perf_hooks';

// Loaded into the host's process before anything else (`node --expose-gc --import`), and answers the one who started it.

const nanosecondsPerMs = 1e6;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

process.on('message', () => {
  // What the event loop had to wait for since the last answer, without the collection that this one asks for.
  const loop = {
    loopP50: delay.percentile(50) / nanosecondsPerMs,
    loopP99: delay.percentile(99) / nanosecondsPerMs,
    loopMax: delay.max / nanosecondsPerMs,
  };
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({ rss, heapUsed, external, cpuMs: (user + system) / 1000, ...loop });
  delay.reset();
});
// The probe does not keep the host alive.
process.channel?.unref();
