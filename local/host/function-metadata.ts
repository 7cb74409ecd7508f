import { z } from 'zod';
import type { Callback } from './core-api.ts';
import { isDisabled, resolveExpressions, type Settings } from './settings.ts';

const binding = z.looseObject({ type: z.string(), direction: z.string().optional() });
const seconds = z.object({ seconds: z.number().min(0) });

/** What the library hands over for each function; bindings keep every property they came with. */
export const functionMetadata = z.looseObject({
  name: z.string(),
  bindings: z.record(z.string(), binding),
  retryOptions: z
    .object({
      maxRetryCount: z.int().min(-1),
      retryStrategy: z.enum(['fixedDelay', 'exponentialBackoff']),
      delayInterval: seconds.optional(),
      minimumInterval: seconds.optional(),
      maximumInterval: seconds.optional(),
    })
    .optional(),
});

type FunctionMetadata = z.infer<typeof functionMetadata>;
export type RetryPolicy = NonNullable<FunctionMetadata['retryOptions']>;

/** A registration as the library made it. */
export interface Registration {
  readonly metadata: FunctionMetadata;
  readonly callback: Callback;
}

export type TriggerKind = 'http' | 'eventGrid' | 'timer' | 'queue';

/** A function that the host can run. */
export interface HostedFunction extends Registration {
  readonly name: string;
  readonly disabled: boolean;
  readonly trigger: {
    readonly kind: TriggerKind;
    /** The binding's name, which the library wants beside the trigger's data. */
    readonly name: string;
    /** The binding's properties with `%SETTING%` resolved. */
    readonly properties: Readonly<Record<string, unknown>>;
  };
}

const triggerKinds: Readonly<Record<string, TriggerKind>> = {
  httptrigger: 'http',
  eventgridtrigger: 'eventGrid',
  timertrigger: 'timer',
  queuetrigger: 'queue',
};

// https://github.com/Azure/azure-functions-host/blob/v4.1037.0/src/WebJobs.Script/Utility.cs
const validFunctionName = /^[a-z][a-z0-9_-]{0,127}$/i;
const validBindingName = /^([a-z][a-z0-9]{0,127}|\$return)$/i;

/**
 * Checks registrations against the rules of the host on Azure and resolves `%SETTING%`. There, a function that
 * breaks a rule is dropped and the others run; here every problem is reported, for the caller to stop at.
 */
export function hostFunctions(
  registrations: readonly Registration[],
  settings: Settings,
): { functions: readonly HostedFunction[]; problems: readonly string[] } {
  const problems: string[] = [];
  const functions: HostedFunction[] = [];
  const seen = new Set<string>();
  for (const registration of registrations) {
    const { name } = registration.metadata;
    const report = (text: string) => problems.push(`function "${name}": ${text}`);
    if (!validFunctionName.test(name) || name.toLowerCase() === 'host') {
      report('the name must be a letter, then up to 127 letters, digits, _ or -, and not "host"');
    }
    if (seen.has(name.toLowerCase())) report('the name is registered twice (names differ by more than case)');
    seen.add(name.toLowerCase());
    const hosted = hostFunction(registration, settings, report);
    if (hosted !== undefined) functions.push(hosted);
  }
  return { functions, problems };
}

function hostFunction(
  { metadata, callback }: Registration,
  settings: Settings,
  report: (text: string) => void,
): HostedFunction | undefined {
  const bindings = Object.entries(metadata.bindings);
  for (const [name, { type, direction }] of bindings) {
    if (!validBindingName.test(name)) report(`the binding name "${name}" is not alphanumeric`);
    const supported = isTrigger(type) || (direction === 'out' && type.toLowerCase() === 'http');
    if (!supported) report(`this host has no "${type}" ${direction === 'out' ? 'output' : 'input'} binding`);
  }
  const triggers = bindings.filter(([, { type }]) => isTrigger(type));
  const [trigger] = triggers;
  if (trigger === undefined || triggers.length > 1) {
    report(`expected one trigger, found ${triggers.length}`);
    return undefined;
  }
  const [triggerName, properties] = trigger;
  const kind = triggerKinds[properties.type.toLowerCase()];
  if (kind === undefined) {
    report(`this host has no trigger of type "${properties.type}"`);
    return undefined;
  }
  const resolved: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(properties)) {
    resolved[key] =
      typeof value === 'string'
        ? resolveExpressions(value, settings, (setting) => report(`%${setting}% is not an app setting`))
        : value;
  }
  const disabled = isDisabled(metadata.name, settings);
  return {
    name: metadata.name,
    metadata,
    callback,
    disabled,
    trigger: { kind, name: triggerName, properties: resolved },
  };
}

function isTrigger(type: string): boolean {
  return /trigger$/i.test(type);
}
