import Module from 'node:module';
import { type Callback, type HookName, hookNames, type ProgrammingModel } from './core-api.ts';
import { functionMetadata, type Registration } from './function-metadata.ts';
import { type HostLog, type LogLevel, logLevels } from './log.ts';

const coreModuleName = '@azure/functions-core';

/** What the app registered through the library while it was loading. */
export interface Registrations {
  readonly functions: readonly Registration[];
  readonly hooks: Readonly<Record<HookName, readonly Callback[]>>;
  readonly model: ProgrammingModel | undefined;
  /** From now on registering throws, as on Azure once the app has started. */
  lock(): void;
}

interface ModuleLoader {
  _load(request: string, ...rest: unknown[]): unknown;
}

/**
 * Makes `require('@azure/functions-core')` answer with this host. The library asks once and remembers a failure
 * for good ("test mode"), so this must happen before anything loads it.
 */
export function installCoreModule(log: HostLog): Registrations {
  const { core, registrations } = createCore(log);
  if (!isModuleLoader(Module)) throw new Error('This version of Node.js has no Module._load to extend.');
  const load = Module._load;
  Module._load = function loadWithCore(this: unknown, request: string, ...rest: unknown[]) {
    return request === coreModuleName ? core : load.call(this, request, ...rest);
  };
  return registrations;
}

function isModuleLoader(value: object): value is ModuleLoader {
  return typeof Reflect.get(value, '_load') === 'function';
}

function createCore(log: HostLog) {
  const functions: Registration[] = [];
  const hooks: Record<HookName, Callback[]> = {
    appStart: [],
    appTerminate: [],
    preInvocation: [],
    postInvocation: [],
  };
  let model: ProgrammingModel | undefined;
  let locked = false;

  // The versions whose behaviour is followed.
  const core = {
    version: '3.9.1',
    hostVersion: '4.1037.0',
    Disposable,
    setProgrammingModel(value: unknown) {
      if (!isProgrammingModel(value)) throw new TypeError('Not a programming model.');
      model = value;
    },
    getProgrammingModel: () => model,
    registerFunction(metadata: unknown, callback: unknown) {
      if (locked) throw new Error('A function can only be registered during app startup.');
      if (!isCallback(callback)) throw new TypeError('A function needs a handler.');
      const registration = { metadata: functionMetadata.parse(metadata), callback };
      functions.push(registration);
      return disposableOf(functions, registration);
    },
    registerHook(name: unknown, callback: unknown) {
      const hookName = hookNames.find((known) => known === name);
      if (hookName === undefined) {
        // The library recognises this shape and turns it into advice about the host's version.
        throw Object.assign(new RangeError(`Unrecognized hook "${String(name)}"`), {
          isAzureFunctionsSystemError: true,
        });
      }
      if (!isCallback(callback)) throw new TypeError('A hook needs a handler.');
      hooks[hookName].push(callback);
      return disposableOf(hooks[hookName], callback);
    },
    log(level: unknown, _category: unknown, message: unknown) {
      log(logLevelOf(level), 'library', String(message));
    },
  };
  const registrations: Registrations = {
    functions,
    hooks,
    get model() {
      return model;
    },
    lock() {
      locked = true;
    },
  };
  return { core, registrations };
}

// A class because the contract asks for a constructor.
class Disposable {
  readonly #callOnDispose: () => void;
  constructor(callOnDispose: () => void) {
    this.#callOnDispose = callOnDispose;
  }
  dispose(): void {
    this.#callOnDispose();
  }
}

function disposableOf<T>(list: T[], item: T): Disposable {
  return new Disposable(() => {
    const index = list.indexOf(item);
    if (index >= 0) list.splice(index, 1);
  });
}

function logLevelOf(value: unknown): LogLevel {
  return logLevels.find((level) => level === value) ?? 'information';
}

function isCallback(value: unknown): value is Callback {
  return typeof value === 'function';
}

function isProgrammingModel(value: unknown): value is ProgrammingModel {
  return (
    typeof value === 'object' &&
    value !== null &&
    isCallback(Reflect.get(value, 'getInvocationModel')) &&
    isCallback(Reflect.get(value, 'getCapabilities'))
  );
}
