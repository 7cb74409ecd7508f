import * as z from 'zod/mini';
import { claimStates } from '../../workloads/claim.ts';
import { described, named, pageOf, type RouteDocument, timeOf } from '../document.ts';
import { reasonBody } from './findings.ts';
import { sample, sampleImage } from './samples.ts';

/** What may be concluded from the inventory. */
export const coverage = named(
  'Coverage',
  z.object({
    complete: described(z.boolean(), 'Every source was read, and each completely.'),
    fresh: described(z.boolean(), 'None is older than it may be.'),
  }),
  'What may be concluded from the sources of the inventory together.',
);

const problem = z.object({ where: z.string(), problem: z.string() });

/** A source of the inventory. */
export const source = named(
  'InventorySource',
  z.object({
    source: z.string(),
    type: z.string(),
    condition: described(z.string(), '`fresh`, `stale`, `incomplete`, `never` or `removed`.'),
    environment: z.optional(z.string()),
    completeAt: z.optional(timeOf('When the last complete look began.')),
    lookedAt: z.optional(timeOf('When the last look began.')),
    freshUntil: z.optional(timeOf('Until when that is good.')),
    references: z.optional(described(z.number(), 'Claims that are open.')),
    problemCount: z.number(),
    problems: z.array(problem),
  }),
  'A source that says what is used.',
);

const summary = named(
  'SnapshotSummary',
  z.object({
    source: z.string(),
    complete: z.boolean(),
    references: z.number(),
    begun: described(z.number(), 'Claims that the snapshot before did not have.'),
    ended: described(z.number(), 'Claims that only the snapshot before had.'),
    problemCount: z.number(),
    problems: z.array(problem),
  }),
  'What became of a snapshot.',
);

const snapshot = named(
  'Snapshot',
  z.object({
    complete: described(z.boolean(), 'Whether it is all there is.'),
    ttl: z.optional(described(z.string(), 'ISO 8601 duration for which it holds.')),
    references: z.array(
      z.object({
        image: z.string(),
        workload: z.string(),
        kind: z.optional(z.string()),
        container: z.optional(z.string()),
        environment: z.optional(z.string()),
        namespace: z.optional(z.string()),
        owner: z.optional(z.string()),
        state: z.optional(z.enum(claimStates)),
        since: z.optional(timeOf('When it was deployed.')),
        revision: z.optional(z.string()),
      }),
    ),
  }),
  'References of a source. Kubernetes lists, Compose files and more are taken as well.',
);

const sampleSource = {
  source: sample.source,
  type: 'submitted',
  condition: 'fresh',
  completeAt: sample.time,
  lookedAt: sample.time,
  freshUntil: sample.later,
  references: 1,
  problemCount: 0,
  problems: [],
};
const group = 'Workloads';

/** The document of `PUT inventory/{source}`. */
export const putInventoryDocument: RouteDocument = {
  group,
  answers: 'What became of it.',
  answer: summary,
  body: snapshot,
  otherBodies: ['application/yaml'],
  refusals: { 404: 'No source of this name may submit.', 415: 'The body is of no form that is read.' },
  examples: [
    {
      summary: 'Everything that a host runs',
      params: { source: sample.source },
      body: {
        complete: true,
        ttl: 'PT1H',
        references: [{ image: sampleImage.digest, workload: 'web', state: 'running' }],
      },
      answer: {
        source: sample.source,
        complete: true,
        references: 1,
        begun: 1,
        ended: 0,
        problemCount: 0,
        problems: [],
      },
    },
  ],
};

/** The document of `GET inventory`. */
export const getInventoryDocument: RouteDocument = {
  group,
  answers: 'The sources.',
  answer: named(
    'InventorySourcePage',
    z.object({ ...pageOf(source).shape, coverage }),
    'The sources of the inventory, and what may be concluded from them together.',
  ),
  isList: true,
  examples: [
    {
      summary: 'When each source was last read',
      answer: { items: [sampleSource], coverage: { complete: true, fresh: true } },
    },
  ],
};

/** The document of `POST inventory/{source}/retire`. */
export const postRetireDocument: RouteDocument = {
  group,
  status: 204,
  answers: 'It is retired.',
  body: reasonBody,
  refusals: { 404: 'No source of the name has reported.', 409: 'It is still in the settings.' },
  examples: [
    {
      summary: 'Retire a source that was removed from the settings',
      params: { source: sample.source },
      body: { reason: 'the host is gone' },
    },
  ],
};
