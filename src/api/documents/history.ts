import * as z from 'zod/mini';
import { described, digestOf, named, pageOf, type RouteDocument, timeOf } from '../document.ts';
import { sample, sampleImage } from './samples.ts';

const client = described(
  z.object({
    userAgent: z.optional(z.string()),
    address: z.optional(z.string()),
    actor: z.optional(z.string()),
  }),
  'What the client said of itself, as far as the event tells: not to be relied on.',
);

const attribution = named(
  'Attribution',
  z.object({
    identity: z.optional(z.string()),
    address: z.optional(z.string()),
    userAgent: z.optional(z.string()),
    at: timeOf("The log's time of the request."),
    certainty: described(z.string(), '`certain`, `likely` or `ambiguous`.'),
    evidence: z.object({
      table: z.string(),
      operation: z.string(),
      correlationId: z.optional(z.string()),
      records: z.optional(z.number()),
      loginAt: z.optional(timeOf('When the login was that filled in who it was.')),
    }),
  }),
  "Who did it by the registry's own log.",
);

const kind = described(
  z.string(),
  '`created`, `moved`, `unchanged`, `restored`, `deleted` or `untagged`; more may come.',
);

/** An entry of the history. */
export const historyEntry = named(
  'HistoryEntry',
  z.object({
    registry: z.string(),
    repository: z.string(),
    tag: z.optional(z.string()),
    digest: digestOf('The manifest that was pushed or deleted.'),
    previousDigest: z.optional(digestOf('What the tag pointed to until then, on `moved`.')),
    kind,
    occurredAt: timeOf("The registry's own time."),
    notBefore: z.optional(timeOf('The beginning of the window, when the time is only known to lie in one.')),
    recordedAt: timeOf('When it was first recorded.'),
    source: described(z.string(), '`event`, `reconcile` or `backfill`.'),
    client,
    attribution: z.optional(attribution),
    mediaType: z.optional(z.string()),
    size: z.optional(described(z.number(), 'Bytes of the manifest, on pushes.')),
    locations: described(z.array(z.string()), 'Azure regions that told it.'),
    eventId: z.string(),
    recordId: z.string(),
    requestId: z.optional(z.string()),
    notes: z.optional(described(z.array(z.string()), 'Repairs and doubts.')),
    image: described(z.string(), 'The digest as a reference that can be pulled.'),
  }),
  'A push, move or deletion.',
);

/** The digest that a tag pointed to. */
export const resolution = named(
  'Resolution',
  z.object({
    image: z.string(),
    registry: z.string(),
    repository: z.string(),
    tag: z.string(),
    at: timeOf('The time that was asked about.'),
    digest: digestOf('What the tag pointed to then.'),
    since: timeOf('Since when.'),
    sinceNotBefore: z.optional(timeOf('The beginning of the window in which that was.')),
    until: z.optional(timeOf('Until when; absent while it does.')),
    untilNotBefore: z.optional(timeOf('The beginning of the window in which that was.')),
    certainty: described(z.string(), '`exact`, or how far the answer can be relied on.'),
    by: z.object({
      kind,
      occurredAt: timeOf("The registry's own time."),
      client,
      attribution: z.optional(attribution),
      eventId: z.string(),
      recordId: z.string(),
    }),
  }),
  'The digest that a tag pointed to at a time.',
);

const { registry, repository, tag, digest, olderDigest, time, recordId } = sample;
const userAgent = 'docker/28.1.1 go/go1.24.2';
const pushed = { eventId: recordId, recordId };

/** The document of `GET history`. */
export const historyDocument: RouteDocument = {
  group: 'History',
  answers: 'A page of history, newest first.',
  answer: named('HistoryPage', pageOf(historyEntry), 'A page of history.'),
  isList: true,
  examples: [
    {
      summary: 'Who moved a tag, and when',
      query: { image: sampleImage.tag, limit: '1' },
      answer: {
        items: [
          {
            ...{ registry, repository, tag, digest, previousDigest: olderDigest, kind: 'moved' },
            occurredAt: time,
            recordedAt: '2026-05-02T14:03:00.412Z',
            source: 'event',
            client: { userAgent },
            mediaType: 'application/vnd.oci.image.manifest.v1+json',
            size: 400,
            locations: ['westeurope'],
            ...pushed,
            image: sampleImage.digest,
          },
        ],
        cursor: 'ODIwNDc3NzE3MDg2NHxkNjllNmNjYS05MDk5LTQ4ZGEtOGQ1OC1mMjdlZmQ4MzcxYmU',
      },
    },
    {
      summary: 'All deletions in a registry since a time',
      query: { image: registry, kind: 'deleted,untagged', from: time },
      answer: { items: [] },
    },
  ],
};

/** The document of `GET resolve`. */
export const resolveDocument: RouteDocument = {
  group: 'History',
  answers: 'The digest, since when and until when.',
  answer: resolution,
  refusals: { 404: 'The tag pointed to nothing then, or nothing is known of it.' },
  examples: [
    {
      summary: 'What a tag points to now',
      query: { image: sampleImage.tag },
      answer: {
        ...{ image: sampleImage.digest, registry, repository, tag, at: sample.later, digest, since: time },
        certainty: 'exact',
        by: { kind: 'moved', occurredAt: time, client: { userAgent }, ...pushed },
      },
    },
  ],
};
