import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HostFault } from './host-fault.ts';
import { parseTimeSpan } from './time-span.ts';

/** What the host reads from `host.json`; durations in milliseconds. */
export interface HostJson {
  /** `undefined` when invocations may run for ever (`"functionTimeout": "-1"`). */
  readonly functionTimeout: number | undefined;
  readonly routePrefix: string;
  readonly queues: QueueSettings;
}

/** `extensions.queues` of `host.json`. */
export interface QueueSettings {
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  /** How long a message stays hidden after a failed run. */
  readonly visibilityTimeout: number;
  readonly maxPollingInterval: number;
  readonly messageEncoding: 'base64' | 'none';
}

const duration = z.string().transform((text, context) => {
  const milliseconds = parseTimeSpan(text);
  if (milliseconds !== undefined && milliseconds >= 0) return milliseconds;
  context.addIssue({ code: 'custom', message: 'expected a TimeSpan such as "00:05:00"' });
  return z.NEVER;
});

// 30 minutes is the default of every plan but Consumption; 2 seconds is the polling ceiling in the development
// environment (StorageQueuesWebJobsBuilderExtensions.cs).
const defaultFunctionTimeout = 30 * 60_000;
const developmentPollingInterval = 2_000;

const queues = z
  .object({
    batchSize: z.int().min(1).max(32).default(16),
    newBatchThreshold: z.int().min(0).optional(),
    maxDequeueCount: z.int().min(1).default(5),
    visibilityTimeout: duration.default(0),
    maxPollingInterval: duration.default(developmentPollingInterval),
    messageEncoding: z.enum(['base64', 'none']).default('base64'),
  })
  .prefault({});

const schema = z.object({
  version: z.literal('2.0'),
  functionTimeout: z.union([z.literal('-1').transform(() => null), duration]).default(defaultFunctionTimeout),
  extensions: z
    .object({
      http: z.object({ routePrefix: z.string().default('api') }).prefault({}),
      queues,
    })
    .prefault({}),
});

/**
 * Reads `host.json` of an app; an app without one gets the defaults.
 *
 * @throws {HostFault} `invalid-host-json`, naming every bad field.
 * @see https://learn.microsoft.com/azure/azure-functions/functions-host-json
 */
export async function readHostJson(appRoot: string): Promise<HostJson> {
  const path = join(appRoot, 'host.json');
  try {
    return parseHostJson(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (error instanceof HostFault) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return parseHostJson({ version: '2.0' });
    }
    throw new HostFault('invalid-host-json', `${path} cannot be read as JSON.`, [], error);
  }
}

/** Checks the parsed content of `host.json`; keys the host does not know are ignored, as on Azure. */
export function parseHostJson(content: unknown): HostJson {
  const result = schema.safeParse(content);
  if (!result.success) {
    const problems = result.error.issues.map(
      (issue) => `${issue.path.join('.') || 'host.json'}: ${issue.message}`,
    );
    throw new HostFault('invalid-host-json', 'host.json is not valid.', problems);
  }
  const { functionTimeout, extensions } = result.data;
  const { newBatchThreshold, ...queueSettings } = extensions.queues;
  return {
    functionTimeout: functionTimeout ?? undefined,
    routePrefix: extensions.http.routePrefix.replace(/^\/+|\/+$/g, ''),
    queues: {
      ...queueSettings,
      newBatchThreshold: newBatchThreshold ?? Math.floor(queueSettings.batchSize / 2),
    },
  };
}
