import type { Target } from './target.ts';
import { evidence } from './targets/evidence.ts';
import { freeText } from './targets/free-text.ts';
import { ledgerEntry } from './targets/ledger-entry.ts';
import { logRow } from './targets/log-row.ts';
import { manifest } from './targets/manifest.ts';
import { pattern } from './targets/pattern.ts';
import { policy } from './targets/policy.ts';
import { queueMessage } from './targets/queue-message.ts';
import { reference } from './targets/reference.ts';
import { registryEvent } from './targets/registry-event.ts';
import { registryPage } from './targets/registry-page.ts';
import { request } from './targets/request.ts';
import { requestBody } from './targets/request-body.ts';
import { signedNote } from './targets/signed-note.ts';
import { snapshot } from './targets/snapshot.ts';
import { tableAnswer } from './targets/table-answer.ts';
import { tableRow } from './targets/table-row.ts';
import { tile } from './targets/tile.ts';

/** Everything that reads what somebody else wrote. */
export const targets: readonly Target[] = [
  reference,
  freeText,
  registryEvent,
  queueMessage,
  policy,
  pattern,
  requestBody,
  request,
  snapshot,
  manifest,
  registryPage,
  logRow,
  tableRow,
  tableAnswer,
  tile,
  signedNote,
  ledgerEntry,
  evidence,
];
