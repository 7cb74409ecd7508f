import type { Digest } from './digest.ts';
import type { Fields } from './fields.ts';
import {
  byteCount,
  digestForm,
  freeText,
  identifier,
  repositoryForm,
  tagForm,
  timestampForm,
} from './form.ts';
import { present } from './present.ts';

/** The name and version of a Helm chart. */
export interface ChartVersion {
  readonly name?: string;
  readonly version?: string;
}

/** Who asked, as far as an event tells: most events lack most of it. */
export interface EventClient {
  readonly userAgent?: string;
  readonly address?: string;
  readonly actor?: string;
}

/** The HTTP request that caused an event. Events of connected registries and of charts have none. */
export interface EventRequest {
  readonly id?: string;
  readonly host?: string;
  readonly method?: string;
}

/** The fields of `data` as read, not yet compared with the envelope. */
export interface EventData {
  readonly id: string | undefined;
  /** Epoch milliseconds. */
  readonly timestamp: number | undefined;
  readonly action: string | undefined;
  readonly repository: string | undefined;
  readonly digest: Digest | undefined;
  readonly tag: string | undefined;
  readonly mediaType: string | undefined;
  /** Bytes. */
  readonly size: number | undefined;
  /** Bytes. */
  readonly length: number | undefined;
  readonly chart: ChartVersion;
  readonly location: string | undefined;
  readonly connectedRegistry: string | undefined;
  readonly client: EventClient;
  readonly request: EventRequest;
}

/** Reads `data`, of which only the target's repository and digest must be there. */
export function readEventData(data: Fields): EventData {
  const target = data.object('target');
  const request = data.optionalObject('request');
  return {
    id: data.optional('id', freeText(100)),
    timestamp: data.optional('timestamp', timestampForm),
    action: data.optional('action', freeText(64)),
    repository: target.required('repository', repositoryForm),
    digest: target.required('digest', digestForm),
    tag: target.optional('tag', tagForm),
    mediaType: target.optional('mediaType', freeText(255)),
    size: target.optional('size', byteCount),
    length: target.optional('length', byteCount),
    chart: present({
      name: target.optional('name', freeText(255)),
      version: target.optional('version', freeText(255)),
    }),
    location: data.optional('location', freeText(64))?.toLowerCase(),
    connectedRegistry: readConnectedRegistry(data),
    client: present({
      userAgent: request.optional('useragent', freeText(512)),
      address: request.optional('addr', freeText(64)),
      actor: data.optionalObject('actor').optional('name', freeText(256)),
    }),
    request: present({
      id: request.optional('id', freeText(100)),
      host: request.optional('host', freeText(255)),
      method: request.optional('method', freeText(16)),
    }),
  };
}

/** Azure's own texts spell this field in two ways. */
function readConnectedRegistry(data: Fields): string | undefined {
  const names = ['connectedRegistry', 'connectedregistry'].map((field) =>
    data.optionalObject(field).optional('name', identifier),
  );
  return names.find((name) => name !== undefined)?.toLowerCase();
}
