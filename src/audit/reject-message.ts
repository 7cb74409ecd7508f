import { messageText } from './message-text.ts';
import type { Clock, Log, Rejections } from './ports.ts';

export interface RejectMessagePorts {
  readonly rejections: Rejections;
  readonly clock: Clock;
  readonly log: Log;
}

/** Gives up a message that failed too often, visibly: it is kept among what is rejected. */
export function rejectMessage(
  { rejections, clock, log }: RejectMessagePorts,
  reason: 'comparison-failed' | 'enforcement-failed' | 'look-failed' | 'plan-failed',
) {
  return async (message: unknown, registry: string | undefined): Promise<void> => {
    const detail = 'tried too often and never completed; the log has the fault of the last attempt';
    const payload = messageText(message);
    await rejections.keep({
      registry: registry ?? 'unknown',
      reason,
      detail,
      receivedAt: clock.now(),
      payload,
    });
    log.error('queue message given up', {
      registry: registry ?? 'unknown',
      reason,
      detail,
      payload: payload.slice(0, 1000),
    });
  };
}
