import * as z from 'zod/mini';
import { described, digestOf, named, pageOf, type RouteDocument, timeOf } from '../document.ts';
import { coverage, source } from './inventory.ts';
import { sample, sampleImage } from './samples.ts';

/** A use of an image. */
export const use = named(
  'Use',
  z.object({
    image: described(z.string(), 'As the workload names it.'),
    registry: z.string(),
    repository: z.string(),
    digests: described(
      z.array(digestOf('A manifest that it may need.')),
      'What it may need, the newest 100.',
    ),
    hasMoreDigests: z.optional(
      described(z.boolean(), 'True: it may need others as well; ask for the uses of the one that is meant.'),
    ),
    certainty: described(z.string(), '`exact`: the platform knows the digest; `inferred`: only the tag.'),
    state: described(z.string(), '`running`, `desired` or `rollback`.'),
    source: z.string(),
    kind: z.string(),
    name: z.string(),
    pinned: described(z.boolean(), 'Whether it names a digest.'),
    firstSeen: timeOf('When it was first seen.'),
    lastSeen: timeOf('When it was last seen.'),
    tag: z.optional(z.string()),
    via: z.optional(
      described(z.string(), '`itself`, `index` or `subject`: how the digest asked for is needed.'),
    ),
    revision: z.optional(z.string()),
    environment: z.optional(z.string()),
    namespace: z.optional(z.string()),
    container: z.optional(z.string()),
    owner: z.optional(z.string()),
    since: z.optional(timeOf('When it was deployed.')),
    endedAt: z.optional(timeOf('When it was seen no more.')),
  }),
  "A workload's claim on an image.",
);

/** A page of uses. */
export const usePage = named(
  'UsePage',
  z.object({
    ...pageOf(use).shape,
    coverage: z.optional(coverage),
    inDoubt: z.optional(described(z.array(source), 'Sources that nothing can be concluded from.')),
    total: described(z.number(), 'Uses on all pages.'),
    digests: described(
      z.array(z.object({ digest: digestOf('What is used.'), exact: z.number(), inferred: z.number() })),
      'How many uses each digest has.',
    ),
  }),
  'A page of uses, and what it rests on. Of a time in the past it does not say what was missed then.',
);

const { registry, repository, digest, time, later } = sample;

/** The document of `GET uses`. */
export const usesDocument: RouteDocument = {
  group: 'Workloads',
  answers: 'A page of uses.',
  answer: usePage,
  isList: true,
  examples: [
    {
      summary: 'Who uses a repository',
      query: { image: sampleImage.repository },
      answer: {
        items: [
          {
            ...{ image: sampleImage.digest, registry, repository, digests: [digest] },
            certainty: 'exact',
            state: 'running',
            source: sample.source,
            kind: 'Reference',
            name: 'web',
            pinned: true,
            firstSeen: time,
            lastSeen: later,
          },
        ],
        coverage: { complete: true, fresh: true },
        inDoubt: [],
        total: 1,
        digests: [{ digest, exact: 1, inferred: 0 }],
      },
    },
  ],
};
