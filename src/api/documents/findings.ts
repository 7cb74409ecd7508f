import * as z from 'zod/mini';
import { findingKinds, severities } from '../../findings/kind.ts';
import { findingStatuses } from '../../findings/lifecycle.ts';
import { described, digestOf, named, pageOf, type RouteDocument, timeOf } from '../document.ts';
import { sample, sampleImage } from './samples.ts';

const note = named(
  'Note',
  z.object({ by: z.string(), byName: z.string(), reason: z.string(), at: timeOf('When.') }),
  'What somebody said.',
);

/** A finding. */
export const finding = named(
  'Finding',
  z.object({
    id: z.string(),
    kind: described(z.string(), `One of ${Object.keys(findingKinds).join(', ')}; more may come.`),
    severity: z.enum(severities),
    status: z.enum(findingStatuses),
    image: z.optional(described(z.string(), 'What it is about, where that is an image.')),
    registry: z.string(),
    repository: z.string(),
    tag: z.optional(z.string()),
    digest: z.optional(digestOf('The manifest that it is about.')),
    detail: described(
      z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
      'Facts of the finding by name; which there are depends on its kind.',
    ),
    remedy: described(z.string(), 'What to do.'),
    firstSeen: timeOf('When it was first found.'),
    lastSeen: timeOf('When it was last found.'),
    reopenedAt: z.optional(timeOf('When it was opened again.')),
    resolvedAt: z.optional(timeOf('When it was over.')),
    acknowledgement: z.optional(note),
    resolution: z.optional(note),
    waiver: z.optional(
      z.object({ ...note.shape, owner: z.string(), until: timeOf('Until when somebody answers for it.') }),
    ),
    escalations: z.optional(described(z.number(), 'How often it was told again for its age.')),
    escalatedAt: z.optional(timeOf('When it was last told again.')),
  }),
  'Something that is not as it should be.',
);

/** The body of routes that take a reason alone. */
export const reasonBody = named(
  'Reason',
  z.strictObject({ reason: described(z.string(), '1 to 2000 printable characters.') }),
  'Why somebody does something, in their words.',
);

const { registry, repository, tag, digest, time, later, principal } = sample;
const found = {
  id: sample.finding,
  kind: 'DeletedDigestInUse',
  severity: 'critical',
  status: 'open',
  image: sampleImage.digest,
  ...{ registry, repository, tag, digest },
  detail: { workloads: ['Deployment shop/web'] },
  remedy: findingKinds.DeletedDigestInUse.remedy,
  firstSeen: time,
  lastSeen: later,
};
const note1 = { by: principal, byName: 'ops@contoso.com', at: later };
const unknown = { 404: 'There is no such finding.' };
const refusals = { ...unknown, 409: 'The finding stays as it is.' };

/** The document of `GET findings`. */
export const findingsDocument: RouteDocument = {
  group: 'Findings',
  answers: 'A page of findings, newest first.',
  answer: named('FindingPage', pageOf(finding), 'A page of findings.'),
  isList: true,
  examples: [
    {
      summary: 'What is open and critical',
      query: { severity: 'critical', limit: '10' },
      answer: { items: [found] },
    },
  ],
};

/** The document of `GET findings/{id}`. */
export const findingDocument: RouteDocument = {
  group: 'Findings',
  answers: 'The finding, open or resolved.',
  answer: finding,
  refusals: unknown,
  examples: [{ summary: 'One finding', params: { id: sample.finding }, answer: found }],
};

/** The document of a route that changes a finding with a reason. */
export function findingChangeDocument(event: 'acknowledge' | 'resolve' | 'reopen'): RouteDocument {
  const [summary, reason, changed] = {
    acknowledge: ['Take it up', 'looking into it', { status: 'acknowledged' }] as const,
    resolve: ['Say that it is over', 'the workload was deployed again', { status: 'resolved' }] as const,
    reopen: ['Open it again', 'it is back', { status: 'open' }] as const,
  }[event];
  const said = {
    acknowledge: { acknowledgement: { ...note1, reason } },
    resolve: { resolution: { ...note1, reason }, resolvedAt: later },
    reopen: { reopenedAt: later },
  }[event];
  return {
    group: 'Findings',
    answers: 'The finding as it is now.',
    answer: finding,
    body: reasonBody,
    refusals,
    examples: [
      {
        summary,
        params: { id: sample.finding },
        body: { reason },
        answer: { ...found, ...changed, ...said },
      },
    ],
  };
}

const waiverBody = z.strictObject({
  owner: described(z.string(), 'Who answers for it: 1 to 253 printable characters.'),
  reason: described(z.string(), '1 to 2000 printable characters.'),
  until: timeOf('Until when; then it is open again.'),
});
const waiver = {
  owner: 'platform@contoso.com',
  reason: 'is removed next week',
  until: sample.until,
};

/** The document of `POST findings/{id}/waive`. */
export const findingWaiveDocument: RouteDocument = {
  group: 'Findings',
  answers: 'The finding as it is now.',
  answer: finding,
  body: named('Waiver', waiverBody, 'Who answers for a finding, why and until when.'),
  refusals,
  examples: [
    {
      summary: 'Answer for it until a time',
      params: { id: sample.finding },
      body: waiver,
      answer: { ...found, status: 'waived', waiver: { ...note1, ...waiver } },
    },
  ],
};
