import * as z from 'zod/mini';
import { described, digestOf, named, type RouteDocument, timeOf } from '../document.ts';
import { sample, sampleImage } from './samples.ts';

const group = 'Ledger';
const { registry, recordId, repository } = sample;
const size = Number(sample.logSize);
const origin = `acr-audit/${registry}`;
const refusals = { 404: 'Nothing is sealed yet, or there is no such thing in the log.' };

const hash = described(z.string(), 'SHA-256, in base64.');
const hashes = described(z.array(hash), 'As RFC 6962 orders them.');
const note = described(z.string(), 'The checkpoint as it was signed: https://c2sp.org/signed-note.');

/** The public keys of a log. */
export const ledgerKeys = named(
  'LedgerKeys',
  z.object({
    origin: described(z.string(), 'The name of the log.'),
    keys: described(z.array(z.string()), 'Each as `<name>+<id>+<base64>`; none where logs are not signed.'),
  }),
  'The public keys that sign a log now.',
);

/** Proofs that a record is in the log. */
export const ledgerProofs = named(
  'LedgerProofs',
  z.object({
    items: z.array(
      z.object({
        registry: z.string(),
        repository: z.string(),
        recordId: z.string(),
        index: described(z.int(), 'Its place in the log, from 0.'),
        size: described(z.int(), 'Entries of the log at the checkpoint.'),
        leaf: described(z.string(), 'The record as RFC 8785 writes it: the entry of the log.'),
        hashes,
        checkpoint: note,
      }),
    ),
  }),
  'That a record is in the log: one proof, unless it was sealed again.',
);

/** That a log has grown. */
const consistency = named(
  'LedgerConsistency',
  z.object({
    origin: z.string(),
    from: z.int(),
    to: z.int(),
    fromRoot: hash,
    toRoot: hash,
    hashes,
  }),
  'That the log of one size begins that of another.',
);

/** Evidence that proves itself. */
const evidencePack = named(
  'EvidencePack',
  z.object({
    format: described(z.string(), '`acr-audit-evidence/1`.'),
    madeAt: timeOf('When it was made.'),
    subject: z.object({
      registry: z.string(),
      repository: z.string(),
      digest: digestOf('What it is about.'),
      parts: described(z.array(z.string()), 'What the index lists, at any depth.'),
      tag: z.optional(z.string()),
      at: z.optional(timeOf('When the tag had the digest.')),
    }),
    logs: z.array(
      z.object({
        registry: z.string(),
        keys: described(z.array(z.string()), 'As the service told them: have them from elsewhere too.'),
        checkpoint: note,
      }),
    ),
    records: z.array(
      z.object({
        registry: z.string(),
        index: z.int(),
        leaf: described(z.string(), 'The record as RFC 8785 writes it.'),
        proof: hashes,
      }),
    ),
    waiting: described(
      z.array(z.object({ leaf: z.string(), reason: z.string() })),
      'Records that no log proves yet.',
    ),
    horizon: z.optional(
      z.object({
        record: z.int(),
        comparedAt: timeOf('Until when the history of the repository is known to be complete.'),
      }),
    ),
    sections: described(
      z.record(z.string(), z.unknown()),
      'What the records say: timeline, approvals and so on.',
    ),
    told: described(z.record(z.string(), z.unknown()), 'What is in no log: nothing here is proven.'),
  }),
  'All that is known of a digest or a release, with the proof of each record.',
);

/** The sizes of which a log has checkpoints, in their order. */
export const checkpointSizes = z.array(z.int());

const root = 'qF7y6NhmEC5xE0ZJYmMcdTdPP5bh2x4VbbH0iWpJc0o=';
const other = 'b8E1iFv0u0S6y4c9m0B1Nw1QmYI9V3dYbKkCzYx3Bd4=';
const text = `${origin}\n${size}\n${root}\n\n— ${origin} q83vEg==\n`;

/** The document of `GET ledger/checkpoint`. */
export const checkpointDocument: RouteDocument = {
  group,
  answers: 'The note.',
  otherAnswers: ['text/plain'],
  refusals,
  examples: [{ summary: 'The newest checkpoint', query: { registry } }],
};

/** The document of `GET ledger/tile/{path}`. */
export const tileDocument: RouteDocument = {
  group,
  answers: 'The bytes of the file, which never change.',
  otherAnswers: ['application/octet-stream'],
  refusals,
  examples: [
    { summary: 'The hashes that the log ends with', params: { path: sample.tile }, query: { registry } },
  ],
};

/** The document of `GET ledger/logs/{registry}/{path}`. */
export const logFileDocument: RouteDocument = {
  group,
  answers: 'A note, the bytes of a tile, or the sizes of which there are checkpoints.',
  answer: checkpointSizes,
  otherAnswers: ['text/plain', 'application/octet-stream'],
  refusals,
  examples: [
    { summary: 'The newest checkpoint', params: { registry, path: 'checkpoint' } },
    { summary: 'All checkpoints', params: { registry, path: 'checkpoints' }, answer: [12, 40_000, size] },
    { summary: 'One checkpoint', params: { registry, path: `checkpoints/${size}` } },
    { summary: 'A tile', params: { registry, path: `tile/${sample.tile}` } },
  ],
};

/** The document of `GET ledger/keys`. */
export const keysDocument: RouteDocument = {
  group,
  answers: 'The keys.',
  answer: ledgerKeys,
  examples: [
    {
      summary: 'The keys of a log',
      query: { registry },
      answer: { origin, keys: [`${origin}+abcdef12+Aa1b${'A'.repeat(40)}`] },
    },
  ],
};

/** The document of `GET ledger/proof`. */
export const proofDocument: RouteDocument = {
  group,
  answers: 'The proofs.',
  answer: ledgerProofs,
  refusals: { 404: 'There is no such record, or it waits to be sealed.' },
  examples: [
    {
      summary: 'That a push was recorded',
      query: { recordId, registry },
      answer: {
        items: [
          {
            ...{ registry, repository, recordId, size },
            index: 48_800,
            leaf: JSON.stringify({ action: 'push', recordId, registry, repository }),
            hashes: [other, root],
            checkpoint: text,
          },
        ],
      },
    },
  ],
};

/** The document of `GET ledger/consistency`. */
export const consistencyDocument: RouteDocument = {
  group,
  answers: 'The proof.',
  answer: consistency,
  refusals,
  examples: [
    {
      summary: 'That the log has grown from what it was, and nothing else',
      query: { registry, from: sample.logSize },
      answer: { origin, from: size, to: size, fromRoot: root, toRoot: root, hashes: [] },
    },
  ],
};

/** The document of `GET digests/evidence`. */
export const evidenceDocument: RouteDocument = {
  group,
  answers: 'The pack: a zip with `evidence.json` and `summary.html`, or the JSON alone.',
  answer: evidencePack,
  otherAnswers: ['application/zip'],
  refusals: {
    404: 'Nothing is known of the digest, or the tag pointed to nothing then.',
    422: 'There is more than one file may hold.',
  },
  examples: [
    {
      summary: 'What was released, with its proofs',
      query: { image: sampleImage.tag, format: 'json' },
      answer: {
        format: 'acr-audit-evidence/1',
        madeAt: '2026-05-02T14:05:00.000Z',
        subject: { registry, repository, digest: sample.digest, parts: [], tag: sample.tag },
        logs: [],
        records: [],
        waiting: [],
        sections: {},
        told: {},
      },
    },
    { summary: 'The same as a zip', query: { image: sampleImage.tag } },
  ],
};
