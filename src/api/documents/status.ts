import * as z from 'zod/mini';
import { described, named, type RouteDocument, timeOf } from '../document.ts';
import { coverage } from './inventory.ts';
import { sample } from './samples.ts';

const registryStatus = named(
  'RegistryStatus',
  z.object({
    registry: z.string(),
    lastEvent: z.optional(
      z.object({
        occurredAt: timeOf('By the registry.'),
        recordedAt: timeOf('By the service.'),
        lagMs: described(z.number(), 'Milliseconds between the two.'),
      }),
    ),
    lastRound: z.optional(
      z.object({
        startedAt: timeOf('When it began.'),
        repositories: described(z.number(), 'How many it compares.'),
      }),
    ),
    lastFullReconcile: z.optional(timeOf('When the last round began that is over.')),
    repositoriesPending: z.optional(z.number()),
    repositoriesFailed: z.number(),
    unannounced: described(
      z.object({
        since: timeOf('Since when it is counted.'),
        pushes: z.number(),
        untags: z.number(),
        deletions: z.number(),
        lockChanges: z.number(),
      }),
      'Changes that comparisons found and no event had announced.',
    ),
    ledger: described(
      z.object({
        size: z.optional(described(z.int(), 'Entries of its log.')),
        sealedAt: z.optional(timeOf('When the last were sealed.')),
        witnessed: z.optional(
          described(
            z.record(z.string(), z.int()),
            'The sizes that witnesses were last given, by their names.',
          ),
        ),
        sealing: z.optional(described(z.string(), 'Why nothing is sealed.')),
      }),
      'How far its log is sealed.',
    ),
    rejected: described(z.number(), 'Messages that could not be read.'),
  }),
  'How far the history of a registry has come.',
);

/** What the service says of itself. */
export const status = named(
  'Status',
  z.object({
    at: timeOf('Now.'),
    registries: z.array(registryStatus),
    comparisonsWaiting: z.number(),
    deadLetters: z.object({ waiting: z.number(), quarantined: z.number() }),
    inventory: z.object({
      ...coverage.shape,
      sources: z.number(),
      inDoubt: described(z.array(z.string()), 'Sources that nothing can be concluded from.'),
    }),
    unattributed: z.object({ rejected: z.number() }),
    permissions: named(
      'Permissions',
      z.object({
        state: described(z.string(), '`not-checked`, `checking`, `failed` or `checked`.'),
        reason: z.optional(described(z.string(), 'Why it failed.')),
        at: z.optional(timeOf('When it was checked.')),
        missing: z.optional(described(z.array(z.string()), 'Grants that are missing.')),
        tooMuch: z.optional(described(z.array(z.string()), 'Grants that are more than is needed.')),
        unknown: z.optional(described(z.array(z.string()), 'What could not be told, and why.')),
        right: z.optional(described(z.number(), 'Checks that came out as they should.')),
      }),
      'What the identities may do, as tried by the preflight.',
    ),
  }),
  'How far the service has come.',
);

const { registry, time, later } = sample;

/** The document of `GET status`. */
export const statusDocument: RouteDocument = {
  group: 'Service',
  answers: 'The status.',
  answer: status,
  examples: [
    {
      summary: 'How far the service has come',
      answer: {
        at: later,
        registries: [
          {
            registry,
            lastEvent: { occurredAt: time, recordedAt: '2026-05-02T14:03:00.412Z', lagMs: 412 },
            lastRound: { startedAt: later, repositories: 12 },
            lastFullReconcile: later,
            repositoriesPending: 0,
            repositoriesFailed: 0,
            unannounced: { since: time, pushes: 0, untags: 1, deletions: 0, lockChanges: 0 },
            ledger: { size: Number(sample.logSize), sealedAt: later, witnessed: { container: 48_817 } },
            rejected: 0,
          },
        ],
        comparisonsWaiting: 0,
        deadLetters: { waiting: 0, quarantined: 0 },
        inventory: { complete: true, fresh: true, sources: 2, inDoubt: [] },
        unattributed: { rejected: 0 },
        permissions: { state: 'checked', at: time, missing: [], tooMuch: [], unknown: [], right: 24 },
      },
    },
  ],
};

/** The document of `GET health`. */
export const healthDocument: RouteDocument = {
  group: 'Service',
  answers: 'It is ready.',
  answer: named('Health', z.object({ status: z.literal('ready') }), 'That the service is ready.'),
  refusals: { 503: 'Storage does not answer.' },
  examples: [{ summary: 'Whether the service is ready', answer: { status: 'ready' } }],
};

/** The document of `GET openapi.json`. */
export const openapiDocument: RouteDocument = {
  group: 'Service',
  answers: 'This document.',
  answer: described(
    z.looseObject({ openapi: z.string() }),
    'An OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1.html.',
  ),
  examples: [{ summary: 'This document' }],
};
