import { AsyncLocalStorage } from 'node:async_hooks';
import { app, type InvocationContext } from '@azure/functions';
import type { Log } from '../audit/ports.ts';
import { lineOf } from './log-line.ts';

type Level = 'info' | 'warn' | 'error';
type Context = Pick<InvocationContext, Level>;

interface Running {
  readonly context: Context;
  isOver: boolean;
}

const running = new AsyncLocalStorage<Running>();

/**
 * One line of JSON a message, as of the invocation that it was written in, so that telemetry has it under the same operation
 * as the trigger. What is written outside of one, or after it has ended, goes to the console: the worker complains of late
 * calls. https://learn.microsoft.com/azure/azure-functions/functions-reference-node#logging
 */
export function invocationLog(otherwise: Context = console): Log {
  const write = (level: Level) => (message: string, values?: Readonly<Record<string, unknown>>) => {
    const now = running.getStore();
    const target = now === undefined || now.isOver ? otherwise : now.context;
    target[level](lineOf(level, message, values));
  };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** Runs `work` as the invocation that has the context. */
export async function withinInvocation<T>(context: Context, work: () => T | Promise<T>): Promise<T> {
  const invocation: Running = { context, isOver: false };
  try {
    return await running.run(invocation, async () => await work());
  } finally {
    invocation.isOver = true;
  }
}

/** Has every function of the app run as an invocation of its own. */
export function registerInvocationLog(): void {
  app.hook.preInvocation((hook) => {
    const { functionHandler, invocationContext } = hook;
    hook.functionHandler = (...args) => withinInvocation(invocationContext, () => functionHandler(...args));
  });
}
