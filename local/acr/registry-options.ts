import type { EventSchema } from './event-message.ts';
import type { RegistryFaults } from './faults.ts';
import type { IdentityOptions } from './identities.ts';

export interface RegistryOptions {
  /** Everything the registry keeps: content, journal, certificates, credentials. Created when missing. */
  readonly dataDirectory: string;
  /** TCP port; 0 picks a free one. */
  readonly port: number;
  /** Interface to listen on, default `127.0.0.1`. The certificate covers localhost, 127.0.0.1 and ::1. */
  readonly address?: string;
  /** The registry's name, default `local`: the end of its ARM id and the administrator's user name. */
  readonly name?: string;
  /** `data.location` of events, default `local`. */
  readonly location?: string;
  /** A subscription named `default`, made as the registry starts. */
  readonly events?: { readonly endpoint: string; readonly schema?: EventSchema };
  /** Further users by name, with the actions each may perform. */
  readonly identities?: Readonly<Record<string, IdentityOptions>>;
  /** Give tokens for pulling to anybody, default false. */
  readonly anonymousPull?: boolean;
  /** Keep deleted manifests and tags for restoration, default false. */
  readonly softDelete?: boolean;
  /** Multiplies every duration of Event Grid's retry schedule, default 0.01. */
  readonly retryFactor?: number;
  /** Seed of the event faults' chances, default 1. */
  readonly seed?: number;
  /** Life of an access token in seconds, default 75 minutes. */
  readonly tokenLifetimeSeconds?: number;
  /** Largest blob in bytes, default 10 GiB. */
  readonly maxBlobBytes?: number;
  /** Source of the registry's timestamps. Tokens and certificates live by the machine's clock. */
  readonly now?: () => Date;
  readonly log?: (line: string) => void;
}

/** The events of a running registry. */
interface RegistryEvents {
  /**
   * Validates the endpoint and sends it every later event. A second call with the same name (`default` unless
   * told) moves the subscription with all that is pending. @throws Error when the handshake fails.
   */
  subscribe(endpoint: string, schema?: EventSchema, name?: string): Promise<void>;
  /** Resolves when every emitted event was delivered or dead-lettered. */
  settled(): Promise<void>;
  /** File of JSON lines: the events that were given up. */
  readonly deadLetterFile: string;
}

export interface RunningRegistry {
  /** Such as `https://localhost:5443`. */
  readonly url: string;
  /** Such as `localhost:5443`. */
  readonly loginServer: string;
  readonly resourceId: string;
  /** The authority to trust, as PEM text. */
  readonly ca: string;
  /** The file that holds `ca`; its folder serves skopeo's `--cert-dir`. */
  readonly caFile: string;
  readonly username: string;
  readonly password: string;
  readonly faults: RegistryFaults;
  readonly events: RegistryEvents;
  /** Stops listening and delivering; what is pending stays on disk. Further calls wait for the first. */
  close(): Promise<void>;
}
