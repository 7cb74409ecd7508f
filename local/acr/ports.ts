import type { ContentStore } from './content-store.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { RegistryFaults } from './faults.ts';
import type { Listing, RegistryState } from './state.ts';

/** What the routes of the registry share. */
export interface RegistryPorts {
  readonly state: RegistryState;
  /** What lists are answered from: the state, or an older copy of it. */
  readonly listing: () => Listing;
  readonly content: ContentStore;
  readonly events: EventRecorder;
  readonly faults: RegistryFaults;
  /** The present instant, 7 fractional digits. */
  readonly timestamp: () => string;
  /** Host and port, such as `localhost:5443`. */
  readonly loginServer: string;
  /** Whether deleted manifests and tags are kept and can be restored. */
  readonly softDelete: boolean;
}
