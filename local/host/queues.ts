import { z } from 'zod';
import type { HostedFunction } from './function-metadata.ts';
import { connectionString, type Settings } from './settings.ts';

const properties = z.object({ queueName: z.string(), connection: z.string().optional() });

// https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata
const validQueueName = /^(?=.{3,63}$)[a-z\d]+(-[a-z\d]+)*$/;

/** A queue function, its queue and where that is. */
export interface Queue {
  readonly target: HostedFunction;
  readonly queueName: string;
  readonly connectionString: string;
}

/** Reads queue functions; what is wrong with one is reported. */
export function queuesOf(
  targets: readonly HostedFunction[],
  settings: Settings,
  report: (problem: string) => void,
): readonly Queue[] {
  const queues: Queue[] = [];
  for (const target of targets) {
    const parsed = properties.safeParse(target.trigger.properties);
    if (!parsed.success) {
      report(`function "${target.name}": ${z.prettifyError(parsed.error)}`);
      continue;
    }
    const { queueName, connection } = parsed.data;
    const text = connectionString(connection, settings);
    if (!validQueueName.test(queueName))
      report(`function "${target.name}": "${queueName}" is not a queue name`);
    if (text === undefined) {
      const setting = connection ?? 'AzureWebJobsStorage';
      report(`function "${target.name}": the app setting ${setting} (a connection string) is missing`);
    } else queues.push({ target, queueName, connectionString: text });
  }
  return queues;
}
