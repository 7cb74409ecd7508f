import { app } from '@azure/functions';
import * as z from 'zod/mini';
import type { EnforcementRequest } from '../audit/protection-ports.ts';
import { isRepositoryName } from '../registry/name.ts';
import { present } from '../registry/present.ts';
import { UnreadableMessageError } from './unreadable-message.ts';

/** What the functions of protection call. */
export interface ProtectionUseCases {
  /** Asks for an enforcement of every protected repository. */
  readonly beginEnforcement: () => Promise<void>;
  readonly enforce: (request: EnforcementRequest) => Promise<void>;
  /** Takes an enforcement that failed too often; its registry when it can be told. */
  readonly reject: (message: unknown, registry: string | undefined) => Promise<void>;
  readonly queueName: string;
}

/**
 * The timer that has every protected repository looked at, four times an hour, the queue trigger that does it, and the
 * queue that the host moves those to that failed too often.
 */
export function registerProtection(useCases: ProtectionUseCases): void {
  const { beginEnforcement, enforce, reject, queueName } = useCases;
  app.timer('enforceLocks', { schedule: '0 4,19,34,49 * * * *', handler: () => beginEnforcement() });
  app.storageQueue('enforceRepository', {
    queueName,
    connection: 'AuditStorage',
    handler: async (message: unknown) => {
      const request = readRequest(message);
      if (request === undefined) throw new UnreadableMessageError('an enforcement');
      return enforce(request);
    },
  });
  app.storageQueue('enforceRepositoryPoison', {
    queueName: `${queueName}-poison`,
    connection: 'AuditStorage',
    handler: (message: unknown) => reject(message, readRequest(message)?.registry),
  });
}

const form = z.object({
  registry: z.string(),
  repository: z.string().check(z.refine(isRepositoryName)),
  push: z.optional(z.object({ tag: z.string(), digest: z.string(), at: z.number(), id: z.string() })),
  afterTurn: z.optional(z.int()),
});

/** Reads a queue message; `undefined` when it isn't an enforcement. Only the app itself writes them. */
function readRequest(message: unknown): EnforcementRequest | undefined {
  const reading = form.safeParse(message);
  if (!reading.success) return undefined;
  const { push, afterTurn, ...repository } = reading.data;
  return { ...repository, ...present({ push, afterTurn }) };
}
