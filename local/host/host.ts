import { Console } from 'node:console';
import { join } from 'node:path';
import { adminPath, createAdmin } from './admin.ts';
import { entryOf, type LoadedApp, loadApp } from './app-loader.ts';
import { within } from './deadline.ts';
import { createEventGridTrigger, eventGridPath } from './event-grid-trigger.ts';
import { type HostedFunction, hostFunctions } from './function-metadata.ts';
import { HostFault } from './host-fault.ts';
import { type HostJson, readHostJson } from './host-json.ts';
import { type HostHandler, type HostServer, startHttpServer } from './http-server.ts';
import { createHttpTrigger, httpEndpoints } from './http-trigger.ts';
import { createInvoker, type Invoker } from './invocation.ts';
import { type Access, keyAccess, loadKeys, openAccess } from './keys.ts';
import { createLog, describeError, type HostLog } from './log.ts';
import type { QueueListenerOptions } from './queue-trigger.ts';
import { queuesOf } from './queues.ts';
import type { Settings } from './settings.ts';
import { fileTimerStatus } from './timer-status.ts';
import { runTimer, timersOf } from './timer-trigger.ts';

const hostVersion = '4.0.0-embedded';

/** Exit codes of a process that hosts an app. A supervisor restarts it after `timedOut`, as Azure would. */
export const exitCode = { stopped: 0, crashed: 1, timedOut: 70 } as const;

// What a worker on Azure is given to end: https://github.com/Azure/azure-functions-host/blob/v4.1037.0/src/WebJobs.Script.Grpc/Channel/GrpcWorkerChannel.cs
const graceMilliseconds = 5_000;

export interface HostOptions {
  /** The app's CommonJS bundle; `undefined` to follow `main` in its package.json. */
  readonly entry?: string | undefined;
  /** Where `host.json` and `package.json` are. */
  readonly appRoot: string;
  /** Where timers and keys are remembered. */
  readonly data: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** The loopback interface unless given. */
  readonly address?: string;
  /** Require keys, as on Azure. */
  readonly auth?: boolean;
  /** Log everything rather than information and above. */
  readonly verbose?: boolean;
  /** App settings; the process environment unless given. */
  readonly settings?: Settings;
  /** Ends the process when a run times out or the app crashes. */
  readonly exit?: (code: number) => void;
}

export interface RunningHost {
  readonly url: string;
  readonly functions: readonly string[];
  /** The file that holds the keys, if keys are required. */
  readonly keys: string | undefined;
  /**
   * Stops accepting work, waits up to 5 seconds for what runs, then runs the app's `appTerminate` hooks, again for
   * up to 5 seconds.
   */
  drain(): Promise<void>;
}

let started = false;

/**
 * Loads an Azure Functions app into this process and serves its triggers. The library keeps its registrations per
 * process, so a process hosts one app, once.
 *
 * @throws {HostFault} with every problem found, before anything has run.
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  if (started) throw new HostFault('already-started', 'A process can host one app only, once.');
  started = true;
  const { appRoot, data, port, address = '127.0.0.1', settings = process.env } = options;
  const exit = options.exit ?? ((code: number) => process.exit(code));
  const log = createLog(
    (text) => process.stderr.write(text),
    options.verbose === true ? 'trace' : 'information',
  );
  // Standard output carries the ready line and nothing else, whatever the app prints.
  globalThis.console = new Console(process.stderr, process.stderr);
  process.on('uncaughtException', (error, origin) => {
    log('critical', 'host', `The app crashed the process (${origin}): ${describeError(error)}`);
    exit(exitCode.crashed);
  });

  const hostJson = await readHostJson(appRoot);
  const app = await loadApp(options.entry ?? (await entryOf(appRoot)), log);
  const plan = planApp(app, settings);
  const { file, access } = await openOrKeyed(options.auth === true, data, plan.functions);
  const invoker = createInvoker({
    app,
    log,
    timeout: hostJson.functionTimeout,
    onTimeout(name, id) {
      log(
        'critical',
        'host',
        `${name} (${id}) ran longer than functionTimeout in host.json: ending the process.`,
      );
      exit(exitCode.timedOut);
    },
  });
  if (options.auth !== true && !isLoopback(address)) {
    log(
      'warning',
      'host',
      `Anyone who reaches ${address} is an administrator of this host; --auth asks for keys.`,
    );
  }
  const handler = route({ plan, hostJson, invoker, access, log });
  const server = await startHttpServer({ port, address, log }, handler);
  const stopping = new AbortController();
  const listeners = await startListeners({ plan, hostJson, data, invoker, log, signal: stopping.signal });
  log('information', 'host', `Serving ${plan.functions.length} functions at ${server.url}.`);

  let draining: Promise<void> | undefined;
  return {
    url: server.url,
    functions: plan.functions.map(({ name }) => name),
    keys: file,
    drain() {
      draining ??= drain({ app, server, stopping, listeners, invoker, log });
      return draining;
    },
  };
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}

function planApp({ registrations }: LoadedApp, settings: Settings) {
  const checked = hostFunctions(registrations.functions, settings);
  const problems = [...checked.problems];
  const report = (problem: string) => problems.push(problem);
  const ofKind = (kind: HostedFunction['trigger']['kind']) =>
    checked.functions.filter(({ trigger }) => trigger.kind === kind);
  const plan = {
    functions: checked.functions,
    endpoints: httpEndpoints(ofKind('http'), report),
    eventGrid: ofKind('eventGrid'),
    timers: timersOf(ofKind('timer'), report),
    queues: queuesOf(ofKind('queue'), settings, report),
  };
  if (problems.length > 0) throw new HostFault('invalid-app', 'The app cannot be hosted:', problems);
  return plan;
}

type Plan = ReturnType<typeof planApp>;

async function openOrKeyed(auth: boolean, data: string, functions: readonly HostedFunction[]) {
  if (!auth) return { file: undefined, access: openAccess };
  const { file, keys } = await loadKeys(
    data,
    functions.map(({ name }) => name),
  );
  return { file, access: keyAccess(keys) };
}

interface Parts {
  readonly plan: Plan;
  readonly hostJson: HostJson;
  readonly invoker: Invoker;
  readonly log: HostLog;
}

function route({ plan, hostJson, invoker, access, log }: Parts & { readonly access: Access }): HostHandler {
  const { routePrefix } = hostJson;
  const admin = createAdmin({ targets: plan.functions, invoker, access, hostVersion });
  const eventGrid = createEventGridTrigger({ targets: plan.eventGrid, invoker, access, log });
  const http = createHttpTrigger({ endpoints: plan.endpoints, routePrefix, invoker, access, log });
  return (request) => {
    const path = request.path.toLowerCase();
    if (path.startsWith(adminPath)) return admin(request);
    if (path === eventGridPath || path === `${eventGridPath}/`) return eventGrid(request);
    return http(request);
  };
}

async function startListeners({
  plan,
  hostJson,
  data,
  invoker,
  log,
  signal,
}: Parts & { readonly data: string; readonly signal: AbortSignal }): Promise<readonly Promise<void>[]> {
  const statuses = fileTimerStatus(join(data, 'timers'));
  const timers = plan.timers
    .filter(({ target }) => !target.disabled)
    .map((timer) => listen(timer.target, log, runTimer(timer, { invoker, statuses, log, signal })));
  const queues = plan.queues.filter(({ target }) => !target.disabled);
  if (queues.length === 0) return timers;
  // The storage SDK is slow to load, and few apps have queues.
  const { runQueueListener } = await import('./queue-trigger.ts');
  const shared: Omit<QueueListenerOptions, 'target' | 'connectionString' | 'queueName'> = {
    settings: hostJson.queues,
    invoker,
    log,
    signal,
  };
  return [
    ...timers,
    ...queues.map((queue) => listen(queue.target, log, runQueueListener({ ...queue, ...shared }))),
  ];
}

// A listener that cannot go on leaves the others running, as on Azure.
async function listen({ name }: HostedFunction, log: HostLog, listening: Promise<void>): Promise<void> {
  try {
    await listening;
  } catch (error) {
    log('critical', 'host', `The listener of ${name} stopped: ${describeError(error)}`);
  }
}

interface DrainOptions {
  readonly app: LoadedApp;
  readonly server: HostServer;
  readonly stopping: AbortController;
  readonly listeners: readonly Promise<void>[];
  readonly invoker: Invoker;
  readonly log: HostLog;
}

async function drain({ app, server, stopping, listeners, invoker, log }: DrainOptions): Promise<void> {
  const closed = server.refuse();
  stopping.abort();
  const left = await invoker.settle(graceMilliseconds);
  if (left.length > 0) log('warning', 'host', `Stopped while ${left.join(', ')} was still running.`);
  else await within(graceMilliseconds, Promise.all([closed, ...listeners]));
  server.close();
  const context = { hookData: app.hookData, appHookData: app.hookData };
  const terminate = async () => {
    for (const hook of app.registrations.hooks.appTerminate) await hook(context);
  };
  const hooksEnded = await within(
    graceMilliseconds,
    terminate().catch((error: unknown) =>
      log('error', 'host', `appTerminate failed: ${describeError(error)}`),
    ),
  );
  if (!hooksEnded) log('warning', 'host', 'Stopped while an appTerminate hook was still running.');
}
