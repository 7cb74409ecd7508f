import { formatDuration } from '../protection/duration.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import { formatReference } from '../registry/reference.ts';
import { isoTime } from './history-entry.ts';

/** An approval with its window as the API gives it; absent properties are left out. */
export function approvalItem({ approval, reasons, ends }: ApprovalWindow) {
  const { registry, repository, digest, tag } = approval;
  const { requestedAt, retainFor, monitoringWindow, endedEarly, ...rest } = approval;
  return {
    ...rest,
    image: formatReference({ registry, repository, digest, ...(tag === undefined ? {} : { tag }) }),
    requestedAt: isoTime(requestedAt),
    retainFor: formatDuration(retainFor),
    ...(monitoringWindow === undefined ? {} : { monitoringWindow: formatDuration(monitoringWindow) }),
    ...(endedEarly === undefined ? {} : { endedEarly: { ...endedEarly, at: isoTime(endedEarly.at) } }),
    window: { open: reasons.length > 0, reasons, ends: endItem(ends) },
  };
}

/** Columns of approvals as CSV. */
export const approvalColumns = [
  'id',
  'image',
  'environment',
  'state',
  'requestedAt',
  'approverId',
  'approverName',
  'reason',
  'ticket',
  'build',
  'commit',
  'scanTool',
  'scanStatus',
  'outcome',
  'windowOpen',
  'windowReasons',
] as const;

/** The cells of an approval. */
export function approvalCells(item: ReturnType<typeof approvalItem>) {
  const { id, image, environment, state, requestedAt, approver, reason, ticket, build, commit, scan } = item;
  return {
    ...{ id, image, environment, state, requestedAt, reason, ticket, build, commit },
    approverId: approver.id,
    approverName: approver.name,
    scanTool: scan?.tool,
    scanStatus: scan?.status,
    outcome: item.outcome,
    windowOpen: String(item.window.open),
    windowReasons: item.window.reasons.join(' '),
  };
}

function endItem(ends: ApprovalWindow['ends']) {
  switch (ends.kind) {
    case 'at':
      return { kind: ends.kind, at: isoTime(ends.time) };
    case 'with-releases':
      return { kind: ends.kind, notBefore: isoTime(ends.notBefore) };
    case 'when-lifted':
      return { kind: ends.kind, holds: ends.holds };
  }
}
