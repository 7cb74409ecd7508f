import { z } from 'zod';

const attributes = z.object({
  deleteEnabled: z.boolean(),
  writeEnabled: z.boolean(),
  readEnabled: z.boolean(),
  listEnabled: z.boolean(),
});

const platformReference = z.object({
  digest: z.string(),
  architecture: z.string().optional(),
  os: z.string().optional(),
});

const manifestRecord = z.object({
  digest: z.string(),
  mediaType: z.string(),
  /** Bytes of the manifest itself. */
  size: z.number(),
  /** Bytes of what it describes: config and layers, or the children of an index. */
  imageSize: z.number(),
  createdTime: z.string(),
  lastUpdateTime: z.string(),
  architecture: z.string().optional(),
  os: z.string().optional(),
  configMediaType: z.string().optional(),
  artifactType: z.string().optional(),
  /** The digest this manifest refers to, when it is a referrer. */
  subject: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  /** Present on an index: its children in order. */
  references: z.array(platformReference).optional(),
  changeableAttributes: attributes,
});

const tagRecord = z.object({
  name: z.string(),
  digest: z.string(),
  createdTime: z.string(),
  lastUpdateTime: z.string(),
  changeableAttributes: attributes,
});

const registryEvent = z.object({
  id: z.string(),
  type: z.enum(['ImagePushed', 'ImageDeleted']),
  subject: z.string(),
  time: z.string(),
  data: z.record(z.string(), z.unknown()),
});

const change = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('repository'),
    name: z.string(),
    createdTime: z.string(),
    lastUpdateTime: z.string(),
    changeableAttributes: attributes,
  }),
  z.object({ op: z.literal('repository-removed'), repository: z.string() }),
  z.object({ op: z.literal('manifest'), repository: z.string(), manifest: manifestRecord }),
  z.object({ op: z.literal('manifest-removed'), repository: z.string(), digest: z.string() }),
  z.object({ op: z.literal('tag'), repository: z.string(), tag: tagRecord }),
  z.object({ op: z.literal('tag-removed'), repository: z.string(), tag: z.string() }),
  z.object({ op: z.literal('blob'), repository: z.string(), digest: z.string(), size: z.number() }),
  z.object({ op: z.literal('blob-removed'), repository: z.string(), digest: z.string() }),
  z.object({
    op: z.literal('manifest-softly-deleted'),
    repository: z.string(),
    manifest: manifestRecord,
    repositoryCreatedTime: z.string(),
    deletedAt: z.string(),
  }),
  z.object({
    op: z.literal('tag-softly-deleted'),
    repository: z.string(),
    tag: z.string(),
    digest: z.string(),
    deletedAt: z.string(),
  }),
  z.object({ op: z.literal('manifest-restored'), repository: z.string(), digest: z.string() }),
  z.object({
    op: z.literal('subscription'),
    name: z.string(),
    endpoint: z.string(),
    schema: z.enum(['eventgrid', 'cloudevents']),
  }),
  z.object({ op: z.literal('event'), event: registryEvent, subscriptions: z.array(z.string()) }),
  z.object({ op: z.literal('event-settled'), id: z.string(), subscription: z.string() }),
]);

/** One line of the journal: changes that happen together or not at all. */
export const changes = z.array(change);

/** The four switches of a repository, manifest or tag. */
export type ChangeableAttributes = Readonly<z.infer<typeof attributes>>;
/** What the registry knows of a manifest; its bytes are in the content store. */
export type ManifestRecord = Readonly<z.infer<typeof manifestRecord>>;
export type TagRecord = Readonly<z.infer<typeof tagRecord>>;
/** An event before it is written in one schema or another. */
export type RegistryEvent = Readonly<z.infer<typeof registryEvent>>;
/** The only way the registry's state changes: appended to the journal, then applied. */
export type Change = Readonly<z.infer<typeof change>>;

export const allEnabled: ChangeableAttributes = {
  deleteEnabled: true,
  writeEnabled: true,
  readEnabled: true,
  listEnabled: true,
};
