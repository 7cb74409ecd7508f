import type { LoadedApp } from './app-loader.ts';
import { type HostedFunction, hostFunctions, type TriggerKind } from './function-metadata.ts';
import { HostFault } from './host-fault.ts';
import { type HttpEndpoint, httpEndpoints } from './http-trigger.ts';
import { type Queue, queuesOf } from './queues.ts';
import type { Settings } from './settings.ts';
import { type Timer, timersOf } from './timer-trigger.ts';

/** What an app asks of the host, by trigger. */
export interface HostPlan {
  readonly functions: readonly HostedFunction[];
  readonly endpoints: readonly HttpEndpoint[];
  readonly eventGrid: readonly HostedFunction[];
  readonly timers: readonly Timer[];
  readonly queues: readonly Queue[];
}

/**
 * Turns registrations into something to serve.
 *
 * @throws {HostFault} `invalid-app`, listing everything that Azure or this host would not run.
 */
export function planHost({ registrations }: LoadedApp, settings: Settings): HostPlan {
  const { functions, problems: found } = hostFunctions(registrations.functions, settings);
  const problems = [...found];
  const report = (problem: string) => problems.push(problem);
  const ofKind = (kind: TriggerKind) => functions.filter(({ trigger }) => trigger.kind === kind);
  const plan = {
    functions,
    endpoints: httpEndpoints(ofKind('http'), report),
    eventGrid: ofKind('eventGrid'),
    timers: timersOf(ofKind('timer'), report),
    queues: queuesOf(ofKind('queue'), settings, report),
  };
  if (problems.length > 0) throw new HostFault('invalid-app', 'The app cannot be hosted:', problems);
  return plan;
}

/** Functions with a retry policy that no trigger but a timer heeds. */
export function ignoredRetryPolicies({ functions }: HostPlan): readonly string[] {
  return functions
    .filter(({ trigger, metadata }) => trigger.kind !== 'timer' && metadata.retryOptions !== undefined)
    .map(({ name }) => name);
}
