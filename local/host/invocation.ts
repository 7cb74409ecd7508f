import { randomBytes, randomUUID } from 'node:crypto';
import type { LoadedApp } from './app-loader.ts';
import type { Callback, CoreInvocationContext, InvocationRequest, InvocationResponse } from './core-api.ts';
import { within } from './deadline.ts';
import type { HostedFunction } from './function-metadata.ts';
import { describeError, type HostLog } from './log.ts';

/** How one run of a function ended. */
export type InvocationOutcome =
  | { readonly succeeded: true; readonly id: string; readonly response: InvocationResponse }
  | { readonly succeeded: false; readonly id: string; readonly error: unknown };

export interface Invoker {
  /** Runs a function once; failures are logged and reported, never thrown. */
  invoke(target: HostedFunction, request: InvocationRequest): Promise<InvocationOutcome>;
  /** Waits until nothing runs, at most `grace` milliseconds; the names of what still runs then. */
  settle(grace: number): Promise<readonly string[]>;
}

export interface InvokerOptions {
  readonly app: Pick<LoadedApp, 'registrations' | 'model' | 'hookData'>;
  readonly log: HostLog;
  /** Milliseconds a run may take; `undefined` for no limit. */
  readonly timeout: number | undefined;
  /** Called when a run exceeds `timeout`. It cannot be stopped, so the process has to end. */
  onTimeout(functionName: string, invocationId: string): void;
}

// setTimeout counts in 32 bits; a limit of 24 days or more is none in practice.
const longestTimer = 2 ** 31 - 1;

/** Runs functions through the library's invocation model and keeps account of those running. */
export function createInvoker({ app, log, timeout, onTimeout }: InvokerOptions): Invoker {
  const running = new Map<string, { name: string; done: Promise<unknown> }>();

  async function invoke(target: HostedFunction, request: InvocationRequest): Promise<InvocationOutcome> {
    const id = randomUUID();
    const startedAt = performance.now();
    const done = runOnce(app, log, target, id, request);
    running.set(id, { name: target.name, done: done.catch(() => undefined) });
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => onTimeout(target.name, id), Math.min(timeout, longestTimer));
    const elapsed = () => `${Math.round(performance.now() - startedAt)} ms`;
    try {
      const response = await done;
      log('information', target.name, `${id} succeeded in ${elapsed()}`);
      return { succeeded: true, id, response };
    } catch (error) {
      log('error', target.name, `${id} failed in ${elapsed()}: ${describeError(error)}`);
      return { succeeded: false, id, error };
    } finally {
      clearTimeout(timer);
      running.delete(id);
    }
  }

  async function settle(grace: number): Promise<readonly string[]> {
    const deadline = Date.now() + grace;
    while (running.size > 0 && Date.now() < deadline) {
      await within(deadline - Date.now(), Promise.all([...running.values()].map(({ done }) => done)));
      // Whoever waits for an outcome (a response to write, a message to delete) acts on it in later turns.
      await new Promise((resume) => setImmediate(resume));
    }
    return [...running.values()].map(({ name }) => name);
  }

  return { invoke, settle };
}

/** @see https://github.com/Azure/azure-functions-nodejs-worker/blob/v3.x/src/eventHandlers/InvocationHandler.ts */
async function runOnce(
  { registrations, model, hookData: appHookData }: InvokerOptions['app'],
  log: HostLog,
  { name, metadata, callback }: HostedFunction,
  invocationId: string,
  request: InvocationRequest,
): Promise<InvocationResponse> {
  const context: CoreInvocationContext = {
    invocationId,
    metadata,
    request: { traceContext: newTraceContext(), ...request },
    state: undefined,
    log: (level, _category, message) => log(level, name, `${invocationId} ${message}`),
  };
  const invocation = model.getInvocationModel(context);
  const { context: invocationContext, inputs } = await invocation.getArguments();
  const hookData: Record<string, unknown> = {};

  context.state = 'preInvocationHooks';
  const before = { hookData, appHookData, invocationContext, inputs, functionCallback: callback };
  for (const hook of registrations.hooks.preInvocation) await hook(before);

  context.state = 'invocation';
  const ended = await attempt(() =>
    invocation.invokeFunction(invocationContext, before.inputs, before.functionCallback),
  );

  context.state = 'postInvocationHooks';
  const after = { hookData, appHookData, invocationContext, inputs: before.inputs, ...ended };
  for (const hook of registrations.hooks.postInvocation) await hook(after);
  if (after.error !== null && after.error !== undefined) throw after.error;
  return invocation.getResponse(invocationContext, after.result);
}

// A hook may turn an error into a result or a result into an error, so both travel as values.
async function attempt(run: Callback): Promise<{ result: unknown; error: unknown }> {
  try {
    return { result: await run(), error: null };
  } catch (error) {
    return { result: null, error: error ?? new Error('The function threw nothing.') };
  }
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
function newTraceContext() {
  const traceParent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`;
  return { traceParent, traceState: '', attributes: {} };
}
