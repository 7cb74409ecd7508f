import * as z from 'zod/mini';
import { described, digestOf, named, pageOf, type RouteDocument, timeOf } from '../document.ts';
import { coverage, source } from './inventory.ts';
import { sample, sampleImage } from './samples.ts';

const keepReason = named(
  'KeepReason',
  z.object({
    code: z.string(),
    detail: z.optional(z.string()),
    of: z.optional(digestOf('The manifest that it is kept for.')),
  }),
  'Why something is kept.',
);
const freed = described(
  z.object({ atLeast: z.number(), atMost: z.number() }),
  'Bytes: layers may be shared with what is kept.',
);

/** Whether images may be deleted. */
export const retentionCheck = named(
  'RetentionCheck',
  z.object({
    items: z.array(z.object({ image: z.string(), deletable: z.boolean(), reasons: z.array(keepReason) })),
    coverage,
    inDoubt: described(z.array(source), 'Sources that nothing can be concluded from.'),
  }),
  'Whether images may be deleted, all of them together.',
);

/** A plan without its items. */
export const plan = named(
  'RetentionPlan',
  z.object({
    id: z.string(),
    registry: z.string(),
    state: described(
      z.string(),
      '`making`, `blocked`, `ready`, `approved`, `running`, `stopped`, `done` or `failed`.',
    ),
    createdAt: timeOf('When it was begun.'),
    createdBy: z.string(),
    repositories: z.optional(described(z.string(), 'The repositories it is about, as a pattern.')),
    inputs: z.object({
      historyAt: z.optional(timeOf('Of the newest record then.')),
      sources: z.array(
        z.object({
          source: z.string(),
          completeAt: z.optional(timeOf('When the look began that was used.')),
          condition: z.string(),
        }),
      ),
      policyHash: z.string(),
    }),
    counts: z.object({
      repositories: z.number(),
      tags: z.number(),
      manifests: z.number(),
      untag: z.number(),
      delete: z.number(),
    }),
    freed,
    caps: z.optional(z.object({ percent: z.number(), perRepository: z.number(), whole: z.number() })),
    blocks: described(z.array(z.string()), 'Why it may not run.'),
    softDelete: z.optional(z.boolean()),
    hash: described(z.string(), 'Of everything that it rests on and decides: what is approved.'),
    approvedBy: z.optional(z.string()),
    approvedAt: z.optional(timeOf('When it was approved.')),
    executedBy: z.optional(z.string()),
    executedAt: z.optional(timeOf('When its run began.')),
    finishedAt: z.optional(timeOf('When its run ended.')),
    done: z.optional(z.object({ untagged: z.number(), deleted: z.number(), spared: z.number() })),
    stoppedBecause: z.optional(z.string()),
  }),
  'What may go of a registry.',
);

/** What a plan decides of a tag or manifest. */
export const decision = named(
  'RetentionDecision',
  z.object({
    image: z.string(),
    registry: z.string(),
    repository: z.string(),
    tag: z.optional(z.string()),
    digest: digestOf('The manifest, or what the tag points to.'),
    action: described(z.string(), '`keep`, `untag` or `delete`.'),
    reasons: z.array(keepReason),
    freed: z.optional(freed),
    order: z.optional(z.number()),
  }),
  'What becomes of a tag or manifest.',
);

const restorableManifest = z.object({
  digest: digestOf('What was deleted.'),
  tags: z.array(z.string()),
  deletedAt: z.optional(timeOf('When.')),
  mediaType: z.optional(z.string()),
  size: z.optional(z.number()),
});
const restored = {
  registry: z.string(),
  repository: z.string(),
  tag: z.optional(z.string()),
  digest: z.string(),
};

const { registry, repository, digest, tag, time, later, principal } = sample;
const samplePlan = {
  id: sample.plan,
  registry,
  state: 'ready',
  createdAt: time,
  createdBy: principal,
  inputs: {
    historyAt: time,
    sources: [{ source: sample.source, completeAt: time, condition: 'fresh' }],
    policyHash: sample.planHash,
  },
  counts: { repositories: 1, tags: 4, manifests: 9, untag: 1, delete: 3 },
  freed: { atLeast: 52_428_800, atMost: 73_400_320 },
  caps: { percent: 10, perRepository: 50, whole: 200 },
  blocks: [],
  softDelete: true,
  hash: sample.planHash,
};
const approved = { ...samplePlan, state: 'approved', approvedBy: principal, approvedAt: later };
const group = 'Retention';
const byId = { id: sample.plan };
const unknown = { 404: 'There is no such plan.' };
const decide = named(
  'PlanDecision',
  z.strictObject({
    hash: described(z.string(), 'The hash of the plan that was looked at.'),
    reason: described(z.string(), '1 to 2000 printable characters.'),
  }),
  'That a plan is approved or run as its hash says that it was looked at.',
);

/** The document of `POST retention/check`. */
export const postRetentionCheckDocument: RouteDocument = {
  group,
  answers: 'Answers in the order in which they were asked for.',
  answer: retentionCheck,
  body: named(
    'RetentionQuestion',
    z.strictObject({
      images: described(z.array(z.string()), '1 to 1000 references.', { minItems: 1, maxItems: 1_000 }),
    }),
    'What somebody wants to delete.',
  ),
  examples: [
    {
      summary: 'Whether an image may be deleted',
      body: { images: [sampleImage.digest] },
      answer: {
        items: [
          {
            image: sampleImage.digest,
            deletable: false,
            reasons: [{ code: 'in-use', detail: 'Deployment shop/web', of: digest }],
          },
        ],
        coverage: { complete: true, fresh: true },
        inDoubt: [],
      },
    },
  ],
};

/** The document of `POST retention/plans`. */
export const postPlansDocument: RouteDocument = {
  group,
  status: 202,
  answers: 'The plan, which is made in the background.',
  answer: plan,
  body: named(
    'PlanRequest',
    z.strictObject({
      registry: z.optional(described(z.string(), 'May be left out when one is audited.')),
      repositories: z.optional(
        described(z.string(), 'A regular expression that the whole name of a repository matches.'),
      ),
    }),
    'What is to be planned.',
  ),
  refusals: { 409: 'The policy does not say what may go.' },
  examples: [
    {
      summary: 'Plan what may go of a registry',
      body: { registry },
      answer: {
        ...samplePlan,
        state: 'making',
        counts: { repositories: 0, tags: 0, manifests: 0, untag: 0, delete: 0 },
        freed: { atLeast: 0, atMost: 0 },
        hash: '',
      },
    },
  ],
};

/** The document of `GET retention/plans`. */
export const getPlansDocument: RouteDocument = {
  group,
  answers: 'A page of plans, newest first.',
  answer: named('RetentionPlanPage', pageOf(plan), 'A page of plans.'),
  isList: true,
  examples: [{ summary: 'Plans of a registry', query: { registry }, answer: { items: [samplePlan] } }],
};

/** The document of `GET retention/plans/{id}`. */
export const getPlanDocument: RouteDocument = {
  group,
  answers: 'The plan.',
  answer: plan,
  refusals: unknown,
  examples: [{ summary: 'One plan', params: byId, answer: samplePlan }],
};

/** The document of `GET retention/plans/{id}/items`. */
export const getPlanItemsDocument: RouteDocument = {
  group,
  answers: 'A page of what it decides.',
  answer: named(
    'RetentionDecisionPage',
    z.object({ ...pageOf(decision).shape, plan: z.string(), hash: z.string() }),
    'A page of what a plan decides.',
  ),
  isList: true,
  refusals: { ...unknown, 409: 'The plan is not made yet.' },
  examples: [
    {
      summary: 'What a plan deletes',
      params: byId,
      query: { action: 'delete', limit: '10' },
      answer: {
        items: [
          {
            ...{ image: sampleImage.digest, registry, repository, digest, action: 'delete', reasons: [] },
            freed: { atLeast: 52_428_800, atMost: 73_400_320 },
            order: 0,
          },
        ],
        plan: sample.plan,
        hash: sample.planHash,
      },
    },
  ],
};

const decision1 = { hash: sample.planHash, reason: 'the weekly clean-up' };
const refusals = { ...unknown, 409: 'The plan is refused; `code` says why.' };

/** The document of `POST retention/plans/{id}/approve`. */
export const postPlanApproveDocument: RouteDocument = {
  group,
  answers: 'The plan as it is now.',
  answer: plan,
  body: decide,
  refusals,
  examples: [{ summary: 'Approve a plan', params: byId, body: decision1, answer: approved }],
};

/** The document of `POST retention/plans/{id}/execute`. */
export const postPlanExecuteDocument: RouteDocument = {
  group,
  status: 202,
  answers: 'The plan, which runs in the background.',
  answer: plan,
  body: decide,
  refusals,
  examples: [
    {
      summary: 'Run a plan that somebody else approved',
      params: byId,
      body: decision1,
      answer: { ...approved, state: 'running', executedBy: sample.recordId, executedAt: later },
    },
  ],
};

/** The document of `GET retention/restorable`. */
export const getRestorableDocument: RouteDocument = {
  group,
  answers: 'What can be restored.',
  answer: named(
    'RestorableImages',
    z.object({
      manifests: z.array(restorableManifest),
      tags: z.array(
        z.object({ tag: z.string(), digest: z.string(), deletedAt: z.optional(timeOf('When.')) }),
      ),
      isCut: described(z.boolean(), 'Whether there is more than is told.'),
    }),
    'What soft delete keeps of a repository.',
  ),
  refusals: { 409: 'Nothing can be restored here.' },
  examples: [
    {
      summary: 'What was deleted of a repository',
      query: { image: sampleImage.repository },
      answer: { manifests: [{ digest, tags: [tag], deletedAt: later }], tags: [], isCut: false },
    },
  ],
};

/** The document of `POST retention/restore`. */
export const postRestoreDocument: RouteDocument = {
  group,
  answers: 'What became of each of its parts.',
  answer: named(
    'Restoration',
    z.object({
      restored: z.array(z.object(restored)),
      alreadyThere: z.array(z.object(restored)),
      notRestorable: z.array(z.object({ ...restored, because: z.string() })),
    }),
    'What became of everything that an image is not whole without.',
  ),
  body: named(
    'RestoreRequest',
    z.strictObject({
      image: described(z.string(), 'With a digest; a tag beside it is restored as well.'),
      tags: z.optional(z.array(z.string())),
      at: z.optional(timeOf('Tags that it had then are restored as well.')),
      reason: described(z.string(), '1 to 2000 printable characters.'),
    }),
    'What is to come back.',
  ),
  refusals: { 409: 'Nothing can be restored here.' },
  examples: [
    {
      summary: 'Bring an image back whole',
      body: { image: sampleImage.digest, tags: [tag], reason: 'it was deleted by mistake' },
      answer: { restored: [{ registry, repository, tag, digest }], alreadyThere: [], notRestorable: [] },
    },
  ],
};
