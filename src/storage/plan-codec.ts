import * as z from 'zod/mini';
import { approvalIdForm } from '../audit/approval-id.ts';
import { AuditFault } from '../audit/fault.ts';
import { type PlanHeader, planStates } from '../audit/retention-ports.ts';
import { type Digest, parseDigest } from '../registry/digest.ts';
import { keepCodes } from '../retention/keep-reason.ts';
import type { PlanItem, RepositoryPlan } from '../retention/plan.ts';
import { corrupt, textOf } from './entry-codec.ts';
import type { Columns, StoredRow } from './row.ts';

/** Characters of one column: Table Storage takes 32,768 (https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model). */
const columnLength = 30_000;

/** Columns of a header: half of what one row may have in all. */
const mostColumns = 8;

const count = z.int().check(z.nonnegative());
const time = z.number();
const bytes = z.strictObject({ atLeast: count, atMost: count });

const headerForm = z.strictObject({
  id: z.string().check(z.regex(approvalIdForm)),
  registry: z.string(),
  state: z.enum(planStates),
  createdAt: time,
  createdBy: z.string(),
  repositories: z.exactOptional(z.string()),
  inputs: z.strictObject({
    historyAt: z.exactOptional(time),
    sources: z.array(
      z.strictObject({ source: z.string(), completeAt: z.exactOptional(time), condition: z.string() }),
    ),
    policyHash: z.string(),
  }),
  counts: z.strictObject({
    repositories: count,
    tags: count,
    manifests: count,
    untag: count,
    delete: count,
  }),
  freed: bytes,
  caps: z.exactOptional(z.strictObject({ percent: count, perRepository: count, whole: count })),
  blocks: z.array(z.string()),
  softDelete: z.exactOptional(z.boolean()),
  hash: z.string(),
  approvedBy: z.exactOptional(z.string()),
  approvedAt: z.exactOptional(time),
  executedBy: z.exactOptional(z.string()),
  executedAt: z.exactOptional(time),
  finishedAt: z.exactOptional(time),
  done: z.exactOptional(z.strictObject({ untagged: count, deleted: count, spared: count })),
  stoppedBecause: z.exactOptional(z.string()),
});

/** The columns of a plan's header: its JSON, in pieces. @throws AuditFault when it is longer than a row may be. */
export function planColumns(header: PlanHeader): Columns {
  const text = JSON.stringify(header);
  const pieces = Array.from({ length: Math.ceil(text.length / columnLength) }, (_, index) => [
    `header${index}`,
    text.slice(index * columnLength, (index + 1) * columnLength),
  ]);
  if (pieces.length > mostColumns) {
    throw new AuditFault('plan-too-long', `the header of plan ${header.id} is too long to keep`, {
      retryable: false,
    });
  }
  return { state: header.state, ...Object.fromEntries(pieces) };
}

/** Reads a plan's header; throws a permanent AuditFault when the row isn't one. */
export function readPlanRow(row: StoredRow): PlanHeader {
  let text = '';
  for (let index = 0; index < mostColumns; index += 1) text += textOf(row, `header${index}`) ?? '';
  const reading = headerForm.safeParse(jsonOf(text));
  if (!reading.success || reading.data.id !== row.rowKey || reading.data.registry !== row.partitionKey) {
    throw corrupt(row);
  }
  return reading.data;
}

const digestForm = z.custom<Digest>((value) => typeof value === 'string' && parseDigest(value) !== undefined);

const itemForm = z.strictObject({
  tag: z.exactOptional(z.string()),
  digest: digestForm,
  action: z.enum(['keep', 'untag', 'delete']),
  reasons: z.array(
    z.strictObject({
      code: z.enum(keepCodes),
      detail: z.exactOptional(z.string()),
      of: z.exactOptional(digestForm),
    }),
  ),
  freed: z.exactOptional(bytes),
  order: z.exactOptional(count),
});

const repositoryForm = z.strictObject({
  registry: z.string(),
  repository: z.string(),
  counts: z.strictObject({ tags: count, manifests: count, untag: count, delete: count }),
  blocks: z.array(z.string()),
  /** How many follow. */
  items: count,
});

/** What is decided of a repository as lines of JSON: itself first, then its items. */
export function* planLines({ items, ...repository }: RepositoryPlan): Generator<string> {
  yield `${JSON.stringify({ ...repository, items: items.length })}\n`;
  for (const item of items) yield `${JSON.stringify(item)}\n`;
}

/** Reads what {@link planLines} wrote; throws a permanent AuditFault when a line is damaged, missing or too many. */
export async function readPlanLines(lines: AsyncIterable<string>, where: string): Promise<RepositoryPlan> {
  let head: z.output<typeof repositoryForm> | undefined;
  const items: PlanItem[] = [];
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const json = jsonOf(line);
    if (head === undefined) head = readLine(repositoryForm, json, where, number);
    else items.push(readLine(itemForm, json, where, number));
  }
  if (head === undefined || items.length !== head.items)
    throw damagedPlan(where, `has ${items.length} items`);
  return { ...head, items };
}

function readLine<T>(form: z.ZodMiniType<T>, json: unknown, where: string, number: number): T {
  const reading = form.safeParse(json);
  if (reading.success) return reading.data;
  throw damagedPlan(where, `is not readable in line ${number}`);
}

/** The fault of what is kept of a plan and cannot be relied on. */
export function damagedPlan(where: string, problem: string): AuditFault {
  return new AuditFault('corrupt-plan', `${where} ${problem}`, { retryable: false });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
