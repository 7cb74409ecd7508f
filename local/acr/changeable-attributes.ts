import { z } from 'zod';
import type { ChangeableAttributes } from './change.ts';
import { type RegistryRequest, readBody } from './message.ts';
import { badRequest } from './problem.ts';

const maxBodyBytes = 64 * 1024;

const patch = z
  .object({
    deleteEnabled: z.boolean(),
    writeEnabled: z.boolean(),
    readEnabled: z.boolean(),
    listEnabled: z.boolean(),
  })
  .partial();

async function parseJson(request: RegistryRequest): Promise<unknown> {
  const text = (await readBody(request.body, maxBodyBytes)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('BAD_REQUEST', 'The body is not JSON.');
  }
}

/** Reads a PATCH body: any subset of the switches, other members are ignored. */
export async function readAttributes(
  request: RegistryRequest,
): Promise<(before: ChangeableAttributes) => ChangeableAttributes> {
  const parsed = patch.safeParse(await parseJson(request));
  if (!parsed.success) {
    throw badRequest('BAD_REQUEST', 'The body must be an object of boolean attributes.');
  }
  const { deleteEnabled, writeEnabled, readEnabled, listEnabled } = parsed.data;
  return (before) => ({
    deleteEnabled: deleteEnabled ?? before.deleteEnabled,
    writeEnabled: writeEnabled ?? before.writeEnabled,
    readEnabled: readEnabled ?? before.readEnabled,
    listEnabled: listEnabled ?? before.listEnabled,
  });
}
