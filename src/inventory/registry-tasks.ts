import * as z from 'zod/mini';
import { quote } from '../registry/free-text.ts';
import type { RegistryTask } from '../retention/registry-settings.ts';
import type { Arm } from './azure-arm.ts';
import type { Problems } from './azure-problems.ts';

const apiVersion = '2019-04-01';

/** Tasks that are read of one registry. */
const mostTasks = 1_000;
/** UTF-16 code units that are read of what a task holds in base64: many times the longest that people write. */
const longestEncoded = 512 * 1024;
/** Values that are read of one task, and the UTF-16 code units of each. */
const mostValues = 1_000;
const longestValue = 16 * 1024;

const text = z.nullish(z.string());
const task = z.object({
  name: z.string(),
  properties: z.object({
    status: text,
    step: z.nullish(
      z.object({
        encodedTaskContent: text,
        encodedValuesContent: text,
        // One that is secret comes without its value.
        values: z.nullish(z.array(z.object({ name: z.string(), value: text }))),
      }),
    ),
  }),
});

/** Tasks, and whether these are all, each with all that it holds. */
export interface TaskReading {
  readonly tasks: readonly RegistryTask[];
  readonly isWhole: boolean;
}

/**
 * The tasks of a registry. Of those whose steps are in a file of a source repository, or in a Dockerfile, only the values
 * are known: the registry holds no more.
 * Source: https://learn.microsoft.com/rest/api/containerregistry/tasks/list
 */
export async function registryTasks(
  arm: Arm,
  path: string,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<TaskReading> {
  const tasks: RegistryTask[] = [];
  let isWhole = true;

  function fail(where: string, problem: string): void {
    problems.note(where, problem);
    isWhole = false;
  }

  async function readAll(): Promise<true> {
    for await (const items of arm.list(`${path}/tasks`, apiVersion, signal)) {
      for (const item of items) {
        if (tasks.length >= mostTasks) {
          fail('tasks', `are more than the ${mostTasks} that are read`);
          return true;
        }
        const read = task.safeParse(item);
        if (read.success) tasks.push(taskOf(read.data, fail));
        else fail('tasks', 'have one that cannot be read');
      }
    }
    return true;
  }

  const ended = await problems.guard('tasks', readAll);
  return { tasks, isWhole: isWhole && ended === true };
}

function taskOf(
  { name, properties: { status, step } }: z.output<typeof task>,
  fail: (where: string, problem: string) => void,
): RegistryTask {
  const where = `task ${quote(name)}`;
  const { encodedTaskContent, encodedValuesContent, values } = step ?? {};
  const parts = [encodedTaskContent, encodedValuesContent].map((encoded) => {
    const decoded = decodedText(encoded ?? '');
    if (decoded === undefined) fail(where, 'has content that is not base64, or too long to be read');
    return decoded ?? '';
  });
  const given = values ?? [];
  if (given.length > mostValues || given.some(({ value }) => (value ?? '').length > longestValue)) {
    fail(where, 'has more values, or longer ones, than are read');
  }
  const told = given
    .slice(0, mostValues)
    .map((one) => `${quote(one.name)}: ${(one.value ?? '').slice(0, longestValue)}`);
  return {
    name,
    isEnabled: status?.toLowerCase() !== 'disabled',
    commands: [...parts, ...told].join('\n'),
  };
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The text that base64 stands for, what is no UTF-8 in it replaced; `undefined` when it is none. */
function decodedText(encoded: string): string | undefined {
  if (encoded.length > longestEncoded) return undefined;
  const packed = encoded.replace(/\s+/g, '');
  return base64.test(packed) ? Buffer.from(packed, 'base64').toString('utf8') : undefined;
}
