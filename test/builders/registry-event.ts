import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';

/** The resource id of the registry that the built events come from, spelled as Azure spells it. */
export const contosoResourceId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso-rg' +
  '/providers/Microsoft.ContainerRegistry/registries/contoso';

/** The digest of a manifest named by a seed: the same seed gives the same digest. */
export function digestOf(seed: string): Digest {
  const digest = parseDigest(`sha256:${createHash('sha256').update(seed).digest('hex')}`);
  if (digest === undefined) {
    throw new Error('a SHA-256 in hexadecimal was refused as a digest');
  }
  return digest;
}

/** A GUID named by a seed, for event and request ids. */
function idOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** `data.target` of an event, as sent. */
interface TargetJson {
  mediaType?: string;
  size?: number;
  digest: string;
  length?: number;
  repository: string;
  tag?: string;
  name?: string;
  version?: string;
}

/** `data` of an event, as sent. */
interface EventDataJson {
  id: string;
  timestamp: string;
  action: string;
  location?: string;
  target: TargetJson;
  request?: { id: string; host: string; method: string; useragent: string; addr?: string };
  actor?: { name: string };
  connectedRegistry?: { name: string };
}

/** An event in the Event Grid schema, as delivered. */
export interface EventGridJson {
  id: string;
  topic: string;
  subject: string;
  eventType: string;
  eventTime: string;
  data: EventDataJson;
  dataVersion: string;
  metadataVersion: string;
}

/** An event in the CloudEvents 1.0 schema, as delivered. */
export interface CloudEventJson {
  id: string;
  source: string;
  specversion: '1.0';
  type: string;
  subject: string;
  time: string;
  data: EventDataJson;
}

/** What tests vary; everything else follows from it. Repository `team/app`, tag `1.4.2` unless said. */
export interface EventOverrides {
  id?: string;
  resourceId?: string;
  repository?: string;
  /** `null` for a push by digest. */
  tag?: string | null;
  digest?: string;
  /** `data.timestamp`, RFC 3339. */
  timestamp?: string;
  mediaType?: string;
  size?: number;
  userAgent?: string;
  location?: string;
  connectedRegistry?: string;
}

const imageManifest = 'application/vnd.oci.image.manifest.v1+json';

/** The raw `Microsoft.ContainerRegistry.ImagePushed` that Event Grid delivers for a push. */
export function imagePushed(overrides: EventOverrides = {}): EventGridJson {
  const { tag = '1.4.2', size = 1_152 } = overrides;
  return envelope('ImagePushed', 'push', 'PUT', overrides, {
    size,
    length: size,
    ...(tag === null ? {} : { tag }),
  });
}

/** The raw `Microsoft.ContainerRegistry.ImageDeleted` that Event Grid delivers for a manifest's deletion. */
export function imageDeleted(overrides: EventOverrides = {}): EventGridJson {
  return envelope('ImageDeleted', 'delete', 'DELETE', overrides, {});
}

function envelope(
  kind: 'ImagePushed' | 'ImageDeleted',
  action: string,
  method: string,
  overrides: EventOverrides,
  extra: Partial<TargetJson>,
): EventGridJson {
  const { repository = 'team/app', resourceId = contosoResourceId, connectedRegistry } = overrides;
  const digest = overrides.digest ?? digestOf(`${repository}:${extra.tag ?? ''}`);
  const timestamp = overrides.timestamp ?? '2026-03-02T09:15:27.276585742Z';
  const id = overrides.id ?? idOf([action, repository, digest, extra.tag, timestamp].join(' '));
  const registryName = resourceId.split('/').at(-1) ?? '';
  return {
    id,
    topic: connectedRegistry ? `${resourceId}/connectedRegistries/${connectedRegistry}` : resourceId,
    subject: extra.tag === undefined ? repository : `${repository}:${extra.tag}`,
    eventType: `Microsoft.ContainerRegistry.${kind}`,
    eventTime: timestamp.replace(/(\.\d{7})\d+/, '$1'),
    data: {
      id,
      timestamp,
      action,
      location: overrides.location ?? 'westeurope',
      target: { mediaType: overrides.mediaType ?? imageManifest, digest, repository, ...extra },
      ...(connectedRegistry
        ? { connectedRegistry: { name: connectedRegistry } }
        : {
            request: {
              id: idOf(`request ${id}`),
              host: `${registryName}.azurecr.io`,
              method,
              useragent: overrides.userAgent ?? 'docker/27.3.1 go/go1.22.7 os/linux arch/amd64',
            },
          }),
    },
    dataVersion: '2.0',
    metadataVersion: '1',
  };
}

/** The same event in the CloudEvents 1.0 schema. */
export function asCloudEvent(event: EventGridJson): CloudEventJson {
  return {
    id: event.id,
    source: event.topic,
    specversion: '1.0',
    type: event.eventType,
    subject: event.subject,
    time: event.eventTime,
    data: event.data,
  };
}
