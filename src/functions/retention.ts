import { app } from '@azure/functions';
import * as z from 'zod/mini';
import { isApprovalId } from '../audit/approval-id.ts';
import { UnreadableMessageError } from './unreadable-message.ts';

/** A plan, by its registry and id. */
type Handed = (registry: string, id: string) => Promise<unknown>;

/** What the functions of retention call. */
export interface RetentionUseCases {
  readonly make: Handed;
  readonly execute: Handed;
  /** Takes a plan that could not be made, or run, too often. */
  readonly giveUp: Handed;
  /** Keeps the message of one; its registry when it can be told. */
  readonly reject: (message: unknown, registry: string | undefined) => Promise<void>;
  readonly planQueueName: string;
  readonly executeQueueName: string;
}

const form = z.object({ registry: z.string(), id: z.string().check(z.refine(isApprovalId)) });

/**
 * The queue triggers that make and run plans, and the queues that the host moves those to that failed too often. Nothing runs
 * by the clock: somebody asks for a plan, and others let it run.
 */
export function registerRetention(useCases: RetentionUseCases): void {
  const { make, execute, giveUp, reject, planQueueName, executeQueueName } = useCases;
  const connection = 'AuditStorage';
  const trigger = (name: string, queueName: string, work: Handed) => {
    app.storageQueue(name, {
      queueName,
      connection,
      handler: async (message: unknown) => {
        const request = form.safeParse(message);
        if (!request.success) throw new UnreadableMessageError('a plan');
        await work(request.data.registry, request.data.id);
      },
    });
    app.storageQueue(`${name}Poison`, {
      queueName: `${queueName}-poison`,
      connection,
      handler: async (message: unknown) => {
        const request = form.safeParse(message);
        if (request.success) await giveUp(request.data.registry, request.data.id);
        await reject(message, request.data?.registry);
      },
    });
  };
  trigger('planRetention', planQueueName, make);
  trigger('executeRetention', executeQueueName, execute);
}
