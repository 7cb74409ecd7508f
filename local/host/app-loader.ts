import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { ProgrammingModel } from './core-api.ts';
import { installCoreModule, type Registrations } from './core-module.ts';
import { HostFault } from './host-fault.ts';
import { describeError, type HostLog } from './log.ts';

/** An app whose start-up is over. */
export interface LoadedApp {
  readonly registrations: Registrations;
  readonly model: ProgrammingModel;
  /** Shared by the `appStart` and `appTerminate` hooks. */
  readonly hookData: Record<string, unknown>;
}

/**
 * Loads an app the way the worker on Azure does: core module, entry file, `appStart` hooks, capabilities, then no
 * more registrations.
 *
 * @throws {HostFault} `invalid-app` if the app fails to load or is of a kind that this host does not run.
 * @see https://github.com/Azure/azure-functions-nodejs-worker/blob/v3.x/src/startApp.ts
 */
export async function loadApp(entry: string, log: HostLog): Promise<LoadedApp> {
  const registrations = installCoreModule(log);
  const hookData: Record<string, unknown> = {};
  try {
    await loadFile(resolve(entry));
    for (const hook of registrations.hooks.appStart) await hook({ hookData, appHookData: hookData });
  } catch (error) {
    throw new HostFault('invalid-app', `The app failed to load: ${describeError(error)}`, [], error);
  }
  const { model } = registrations;
  if (model === undefined || registrations.functions.length === 0) {
    throw new HostFault('invalid-app', `${entry} registered no function.`);
  }
  const capabilities = await model.getCapabilities({});
  if (capabilities['HttpUri'] !== undefined) {
    throw new HostFault('invalid-app', 'This host does not run apps that set enableHttpStream.');
  }
  registrations.lock();
  return { registrations, model, hookData };
}

// createRequire lets CommonJS load as CommonJS; everything else is for Node.js to decide.
async function loadFile(path: string): Promise<void> {
  if (extname(path) === '.cjs') createRequire(path)(path);
  else await import(pathToFileURL(path).href);
}

/**
 * The file named by `main` in the app's package.json, which is what Azure loads.
 *
 * @throws {HostFault} `invalid-app` if there is none.
 */
export async function entryOf(appRoot: string): Promise<string> {
  const path = join(appRoot, 'package.json');
  try {
    const { main } = z.object({ main: z.string() }).parse(JSON.parse(await readFile(path, 'utf8')));
    return resolve(appRoot, main);
  } catch (error) {
    throw new HostFault('invalid-app', `${path} names no "main"; pass --entry FILE.`, [], error);
  }
}
