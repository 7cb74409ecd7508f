import type { Target } from './target.ts';
import { freeText } from './targets/free-text.ts';
import { pattern } from './targets/pattern.ts';
import { policy } from './targets/policy.ts';
import { queueMessage } from './targets/queue-message.ts';
import { reference } from './targets/reference.ts';
import { registryEvent } from './targets/registry-event.ts';
import { requestBody } from './targets/request-body.ts';

/** Everything that reads what somebody else wrote. */
export const targets: readonly Target[] = [
  reference,
  freeText,
  registryEvent,
  queueMessage,
  policy,
  pattern,
  requestBody,
];
