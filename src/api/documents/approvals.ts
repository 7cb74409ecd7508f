import * as z from 'zod/mini';
import { described, digestOf, named, pageOf, type RouteDocument, timeOf } from '../document.ts';
import { reasonBody } from './findings.ts';
import { sample, sampleImage } from './samples.ts';

const scan = named(
  'Scan',
  z.strictObject({
    tool: z.string(),
    status: z.enum(['passed', 'warning', 'failed']),
    counts: z.optional(
      described(z.record(z.string(), z.number()), 'Findings by severity, as the tool names it.'),
    ),
    report: z.optional(described(z.string(), 'An https address.')),
  }),
  'What a scanner said of an image.',
);

const window = z.object({
  open: described(z.boolean(), 'Whether it is kept.'),
  reasons: described(z.array(z.string()), 'Why: `current`, `recent-release`, `retain-for`, `held`.'),
  ends: described(
    z.object({
      kind: described(z.string(), '`at` a time, `with-releases` to come, or `when-lifted`.'),
      at: z.optional(timeOf('When.')),
      notBefore: z.optional(timeOf('Not before.')),
      holds: z.optional(z.array(z.string())),
    }),
    'When its window ends.',
  ),
});

const evidence = {
  ticket: z.optional(z.string()),
  build: z.optional(z.string()),
  commit: z.optional(described(z.string(), '7 to 64 lower-case hexadecimal digits.')),
  scan: z.optional(scan),
  rollbackDigest: z.optional(digestOf('What to go back to when the release fails.')),
  notes: z.optional(z.string()),
  reason: described(z.string(), 'Why: 1 to 2000 printable characters.'),
};

/** An approval. */
export const approval = named(
  'Approval',
  z.object({
    id: z.string(),
    image: z.string(),
    registry: z.string(),
    repository: z.string(),
    digest: digestOf('What was approved.'),
    tag: z.optional(z.string()),
    environment: z.string(),
    approver: z.object({ id: z.string(), name: z.string() }),
    requestedAt: timeOf('When it was approved.'),
    retainFor: described(z.string(), 'ISO 8601 duration.'),
    retainReleases: z.number(),
    lockTag: z.boolean(),
    monitoringWindow: z.optional(described(z.string(), 'ISO 8601 duration.')),
    outcome: z.optional(z.enum(['good', 'failed'])),
    state: described(
      z.string(),
      '`requested`, `protecting`, `protected`, `superseded`, `expired`, `released` or `failed`.',
    ),
    failure: z.optional(z.string()),
    endedEarly: z.optional(z.object({ by: z.string(), at: timeOf('When.'), reason: z.string() })),
    window,
    ...evidence,
  }),
  'That a digest may run in an environment, on whose word, and for how long it is kept.',
);

const approvalRequest = named(
  'ApprovalRequest',
  z.strictObject({
    image: described(z.string(), 'With its registry, and a tag, a digest or both.'),
    environment: z.string(),
    ...evidence,
    retainFor: z.optional(described(z.string(), 'ISO 8601 duration, such as P60D.')),
    retainReleases: z.optional(z.int()),
    monitoringWindow: z.optional(described(z.string(), 'ISO 8601 duration.')),
    lockTag: z.optional(z.boolean()),
  }),
  'What to approve. Who approves is no part of it: the caller does.',
);

const hold = named(
  'Hold',
  z.object({
    id: z.string(),
    registry: z.string(),
    scope: z.union([
      z.object({ kind: z.literal('approval'), approval: z.string() }),
      z.object({ kind: z.literal('repositories'), registry: z.string(), pattern: z.string() }),
    ]),
    reason: z.string(),
    placedBy: z.string(),
    placedAt: timeOf('When it was placed.'),
    state: described(z.string(), '`held`, `lifting` or `lifted`.'),
    liftAskedBy: z.optional(z.string()),
    liftedBy: z.optional(z.string()),
    liftedAt: z.optional(timeOf('When it was lifted.')),
  }),
  'A legal hold: what it covers is kept until two people lift it.',
);

const holdRequest = named(
  'HoldRequest',
  z.strictObject({
    approval: z.optional(described(z.string(), 'The id of an approval; or, in its place, the two below.')),
    registry: z.optional(z.string()),
    repositories: z.optional(
      described(z.string(), 'A regular expression that the whole name of a repository matches.'),
    ),
    reason: described(z.string(), '1 to 2000 printable characters.'),
  }),
  'One approval, or repositories of a registry, and why.',
);

const { registry, repository, digest, tag, time, later, principal } = sample;

/** An approval as examples show it. */
export const sampleApproval = {
  id: sample.approval,
  image: `${sampleImage.tag}@${digest}`,
  ...{ registry, repository, digest, tag },
  environment: 'production',
  approver: { id: principal, name: 'release@contoso.com' },
  requestedAt: time,
  retainFor: 'P60D',
  retainReleases: 3,
  lockTag: true,
  state: 'protected',
  ticket: 'CHG-1042',
  reason: 'release 1.4.2',
  window: {
    open: true,
    reasons: ['current', 'retain-for'],
    ends: { kind: 'with-releases', notBefore: '2026-07-01T14:03:00.000Z' },
  },
};
const sampleHold = {
  id: sample.hold,
  registry,
  scope: { kind: 'repositories', registry, pattern: 'team/.*' },
  reason: 'case 17',
  placedBy: principal,
  placedAt: time,
  state: 'held',
};

const group = 'Approvals';
const byId = { id: sample.approval };
const refusals = { 404: 'There is no such approval.', 409: 'The approval can no longer be changed.' };

/** The document of `POST approvals`. */
export const postApprovalsDocument: RouteDocument = {
  group,
  status: 201,
  answers: 'The approval. Its locks are set at once as far as they can be; the rest follows.',
  answer: approval,
  body: approvalRequest,
  refusals: {
    403: 'The policy does not allow it.',
    404: 'The registry does not have the image.',
    409: 'The tag points to another digest, or there is no policy.',
  },
  examples: [
    {
      summary: 'Approve what a tag is now',
      body: {
        image: sampleImage.tag,
        environment: 'production',
        reason: 'release 1.4.2',
        ticket: 'CHG-1042',
        retainFor: 'P60D',
      },
      answer: sampleApproval,
    },
  ],
};

/** The document of `GET approvals`. */
export const getApprovalsDocument: RouteDocument = {
  group,
  answers: 'A page of approvals, newest first.',
  answer: named('ApprovalPage', pageOf(approval), 'A page of approvals.'),
  isList: true,
  examples: [
    {
      summary: 'What was approved of a repository for an environment',
      query: { image: sampleImage.repository, environment: 'production' },
      answer: { items: [sampleApproval] },
    },
  ],
};

/** The document of `GET approvals/{id}`. */
export const getApprovalDocument: RouteDocument = {
  group,
  answers: 'The approval.',
  answer: approval,
  refusals: { 404: refusals[404] },
  examples: [{ summary: 'One approval', params: byId, answer: sampleApproval }],
};

/** The document of `POST approvals/{id}/release`. */
export const postReleaseDocument: RouteDocument = {
  group,
  answers: 'The approval as it is now.',
  answer: approval,
  body: reasonBody,
  refusals,
  examples: [
    {
      summary: 'End its window now',
      params: byId,
      body: { reason: 'replaced by 1.4.3' },
      answer: {
        ...sampleApproval,
        endedEarly: { by: principal, at: later, reason: 'replaced by 1.4.3' },
        window: { open: false, reasons: [], ends: { kind: 'at', at: later } },
      },
    },
  ],
};

/** The document of `POST approvals/{id}/outcome`. */
export const postOutcomeDocument: RouteDocument = {
  group,
  answers: 'The approval as it is now.',
  answer: approval,
  body: named(
    'Outcome',
    z.strictObject({ outcome: z.enum(['good', 'failed']) }),
    'How a release turned out.',
  ),
  refusals,
  examples: [
    {
      summary: 'Say that the release is good',
      params: byId,
      body: { outcome: 'good' },
      answer: { ...sampleApproval, outcome: 'good' },
    },
  ],
};

/** The document of `POST holds`. */
export const postHoldsDocument: RouteDocument = {
  group,
  status: 201,
  answers: 'The hold.',
  answer: hold,
  body: holdRequest,
  examples: [
    {
      summary: 'Keep everything approved in some repositories',
      body: { registry, repositories: 'team/.*', reason: 'case 17' },
      answer: sampleHold,
    },
  ],
};

/** The document of `GET holds`. */
export const getHoldsDocument: RouteDocument = {
  group,
  answers: 'All holds.',
  answer: named('HoldList', z.object({ items: z.array(hold) }), 'All holds.'),
  examples: [{ summary: 'All holds', answer: { items: [sampleHold] } }],
};

/** The document of `POST holds/{id}/lift`. */
export const postLiftDocument: RouteDocument = {
  group,
  answers: 'The hold as it is now.',
  answer: hold,
  body: reasonBody,
  refusals: { 404: 'There is no such hold.', 409: 'Who asked for it cannot agree to it as well.' },
  examples: [
    {
      summary: 'Ask for a hold to be lifted',
      params: { id: sample.hold },
      body: { reason: 'case 17 is closed' },
      answer: { ...sampleHold, state: 'lifting', liftAskedBy: principal },
    },
  ],
};
