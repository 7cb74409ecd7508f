import { Console } from 'node:console';
import { join } from 'node:path';
import { adminPath, createAdmin } from './admin.ts';
import { entryOf, loadApp } from './app-loader.ts';
import { createEventGridTrigger, eventGridPath } from './event-grid-trigger.ts';
import type { HostedFunction } from './function-metadata.ts';
import { HostFault } from './host-fault.ts';
import { type HostJson, readHostJson } from './host-json.ts';
import { type HostPlan, ignoredRetryPolicies, planHost } from './host-plan.ts';
import { type HostHandler, startHttpServer } from './http-server.ts';
import { createHttpTrigger } from './http-trigger.ts';
import { createInvoker, type Invoker } from './invocation.ts';
import { type Access, keyAccess, loadKeys, openAccess } from './keys.ts';
import { startListeners } from './listeners.ts';
import { createLog, describeError, type HostLog } from './log.ts';
import type { Settings } from './settings.ts';
import { shutDown } from './shutdown.ts';
import { fileTimerStatus } from './timer-status.ts';

const hostVersion = '4.0.0-embedded';

/** Exit codes of a process that hosts an app. A supervisor restarts it after `timedOut`, as Azure would. */
export const exitCode = { stopped: 0, crashed: 1, timedOut: 70 } as const;

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
  /** Seconds a queue message stays hidden before its lease is renewed at half time; 10 minutes unless given. */
  readonly queueLease?: number;
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
  const plan = planHost(app, settings);
  const { file, access } = await openOrKeyed(options.auth === true, data, plan.functions);
  const invoker = createInvoker({
    app,
    log,
    timeout: hostJson.functionTimeout,
    onTimeout(name, id) {
      const reason = 'ran longer than functionTimeout in host.json: ending the process.';
      log('critical', 'host', `${name} (${id}) ${reason}`);
      exit(exitCode.timedOut);
    },
  });
  const server = await startHttpServer(
    { port, address, log },
    route({ plan, hostJson, invoker, access, log }),
  );
  const stopping = new AbortController();
  const listeners = await startListeners({
    plan,
    queueSettings: hostJson.queues,
    ...(options.queueLease === undefined ? {} : { queueLease: options.queueLease }),
    statuses: fileTimerStatus(join(data, 'timers')),
    invoker,
    log,
    signal: stopping.signal,
  });
  log('information', 'host', `Serving ${plan.functions.length} functions at ${server.url}.`);
  for (const name of ignoredRetryPolicies(plan)) {
    log('warning', name, 'Its retry policy is ignored: only timers have one, as on Azure.');
  }
  if (options.auth !== true && !isLoopback(address)) {
    log('warning', 'host', `Whoever reaches ${address} is an administrator; --auth asks for keys.`);
  }

  let draining: Promise<void> | undefined;
  return {
    url: server.url,
    functions: plan.functions.map(({ name }) => name),
    keys: file,
    drain() {
      draining ??= shutDown({ app, server, stopping, listeners, invoker, log });
      return draining;
    },
  };
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}

async function openOrKeyed(auth: boolean, data: string, functions: readonly HostedFunction[]) {
  if (!auth) return { file: undefined, access: openAccess };
  const { file, keys } = await loadKeys(
    data,
    functions.map(({ name }) => name),
  );
  return { file, access: keyAccess(keys) };
}

interface Parts {
  readonly plan: HostPlan;
  readonly hostJson: HostJson;
  readonly invoker: Invoker;
  readonly access: Access;
  readonly log: HostLog;
}

function route({ plan, hostJson, invoker, access, log }: Parts): HostHandler {
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
