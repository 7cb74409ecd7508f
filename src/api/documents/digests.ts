import * as z from 'zod/mini';
import { described, digestOf, named, pageOf, type RouteDocument, timeOf } from '../document.ts';
import { approval, sampleApproval } from './approvals.ts';
import { finding } from './findings.ts';
import { coverage } from './inventory.ts';
import { sample, sampleImage } from './samples.ts';
import { use } from './uses.ts';

const locks = named(
  'Locks',
  z.object({
    deleteEnabled: z.boolean(),
    writeEnabled: z.boolean(),
    readEnabled: z.boolean(),
    listEnabled: z.boolean(),
  }),
  'What a tag or manifest allows, as last seen by a comparison with the registry.',
);
const platform = z.object({
  os: z.optional(z.string()),
  architecture: z.optional(z.string()),
  variant: z.optional(z.string()),
});

/** Everything known of a digest. */
export const evidence = named(
  'DigestEvidence',
  z.object({
    image: z.string(),
    registry: z.string(),
    repository: z.string(),
    digest: digestOf('The manifest.'),
    presence: z.optional(described(z.string(), '`present`, or why it is not; absent when nothing told.')),
    lastChange: z.optional(timeOf('When it was last pushed or deleted.')),
    isDescribed: described(z.boolean(), 'Whether a comparison has read what it is.'),
    mediaType: z.optional(z.string()),
    size: z.optional(described(z.number(), 'Bytes of the image.')),
    architecture: z.optional(z.string()),
    os: z.optional(z.string()),
    artifactType: z.optional(z.string()),
    subject: z.optional(digestOf('What it signs, describes or attests.')),
    children: z.optional(described(z.number(), 'How many manifests an index lists.')),
    unreadable: z.optional(described(z.string(), 'Why its document says nothing.')),
    locks,
    tags: z.array(
      z.object({
        tag: z.string(),
        since: timeOf('Since when it pointed here.'),
        lastPush: timeOf('When it was last pushed.'),
        until: z.optional(timeOf('Until when; absent while it does.')),
        locks,
      }),
    ),
    platforms: z.array(z.object({ ...platform.shape, digest: digestOf('Of that platform.') })),
    closure: z.object({
      children: z.array(
        z.object({
          digest: digestOf('What the index lists.'),
          mediaType: z.optional(z.string()),
          size: z.optional(z.number()),
          platform: z.optional(platform),
        }),
      ),
      parents: z.array(digestOf('An index that lists it.')),
      referrers: z.array(
        z.object({ digest: digestOf('What is about it.'), artifactType: z.optional(z.string()) }),
      ),
    }),
    cutOff: z.optional(described(z.array(z.string()), 'Lists that have more than is given.')),
    approvals: z.array(approval),
    uses: z.array(use),
    usesCoverage: coverage,
    findings: z.array(finding),
  }),
  'Everything known of a manifest.',
);

/** An audit record beside the history. */
const statement = named(
  'AuditRecord',
  z.object({
    registry: z.string(),
    repository: z.string(),
    kind: z.string(),
    occurredAt: timeOf('When it was.'),
    notBefore: z.optional(timeOf('The beginning of the window in which it was.')),
    recordedAt: timeOf('When it was recorded.'),
    recordId: z.string(),
    content: described(z.unknown(), 'Depends on the kind.'),
  }),
  'An approval, a change of locks, an observation: what is recorded beside pushes and deletions.',
);

const { registry, repository, digest, tag, time, later, recordId } = sample;
const open = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };
const locked = { ...open, deleteEnabled: false, writeEnabled: false };

/** The document of `GET digests`. */
export const digestsDocument: RouteDocument = {
  group: 'History',
  answers: 'The evidence.',
  answer: evidence,
  refusals: { 404: 'Nothing is known of the digest in that repository.' },
  examples: [
    {
      summary: 'Everything known of an image',
      query: { image: sampleImage.digest },
      answer: {
        ...{ image: sampleImage.digest, registry, repository, digest },
        presence: 'present',
        lastChange: time,
        isDescribed: true,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        architecture: 'amd64',
        os: 'linux',
        locks: locked,
        tags: [{ tag, since: time, lastPush: time, locks: locked }],
        platforms: [],
        closure: { children: [], parents: [], referrers: [] },
        approvals: [sampleApproval],
        uses: [],
        usesCoverage: { complete: true, fresh: true },
        findings: [],
      },
    },
  ],
};

/** The document of `GET records`. */
export const recordsDocument: RouteDocument = {
  group: 'History',
  answers: 'A page of records, newest first.',
  answer: named('AuditRecordPage', pageOf(statement), 'A page of audit records.'),
  isList: true,
  examples: [
    {
      summary: 'The approvals of a repository, as they were recorded',
      query: { image: sampleImage.repository, kind: 'approved' },
      answer: {
        items: [
          {
            ...{ registry, repository, kind: 'approved', occurredAt: time, recordedAt: later, recordId },
            content: { approval: sample.approval, digest, environment: 'production' },
          },
        ],
      },
    },
  ],
};
