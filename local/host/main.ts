import { readCommandLine, usage } from './command-line.ts';
import { exitCode, startHost } from './host.ts';
import { HostFault } from './host-fault.ts';
import { describeError } from './log.ts';

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stderr.write(`${usage}\n`);
    return;
  }
  const host = await startHost(readCommandLine(process.argv.slice(2)));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      // A second signal finds no handler and ends the process at once.
      void host.drain().then(() => process.exit(exitCode.stopped));
    });
  }
  const { url, functions, keys } = host;
  process.stdout.write(`${JSON.stringify({ component: 'host', url, functions, keys })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof HostFault ? error.message : describeError(error)}\n`);
  process.exit(exitCode.crashed);
});
