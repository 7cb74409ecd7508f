import type { LoadedApp } from './app-loader.ts';
import { within } from './deadline.ts';
import type { HostServer } from './http-server.ts';
import type { Invoker } from './invocation.ts';
import { describeError, type HostLog } from './log.ts';

// What a worker on Azure is given to end.
// https://github.com/Azure/azure-functions-host/blob/v4.1037.0/src/WebJobs.Script.Grpc/Channel/GrpcWorkerChannel.cs
const graceMilliseconds = 5_000;

export interface ShutdownOptions {
  readonly app: LoadedApp;
  readonly server: HostServer;
  /** Ends timers and queue polling. */
  readonly stopping: AbortController;
  readonly listeners: readonly Promise<void>[];
  readonly invoker: Invoker;
  readonly log: HostLog;
}

/** Stops accepting work, waits for what runs and for its answers to be sent, then tells the app. */
export async function shutDown(options: ShutdownOptions): Promise<void> {
  const { app, server, stopping, listeners, invoker, log } = options;
  const closed = server.refuse();
  stopping.abort();
  const left = await invoker.settle(graceMilliseconds);
  if (left.length > 0) log('warning', 'host', `Stopped while ${left.join(', ')} was still running.`);
  else await within(graceMilliseconds, Promise.all([closed, ...listeners]));
  server.close();
  if (!(await within(graceMilliseconds, terminate(app, log)))) {
    log('warning', 'host', 'Stopped while an appTerminate hook was still running.');
  }
}

async function terminate({ registrations, hookData }: LoadedApp, log: HostLog): Promise<void> {
  try {
    for (const hook of registrations.hooks.appTerminate) await hook({ hookData, appHookData: hookData });
  } catch (error) {
    log('error', 'host', `An appTerminate hook failed: ${describeError(error)}`);
  }
}
