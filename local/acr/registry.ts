import { join } from 'node:path';
import { blobRoutes } from './blob-routes.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { createContentStore } from './content-store.ts';
import { createEventDelivery } from './event-delivery.ts';
import { validateSubscription } from './event-handshake.ts';
import { createEventRecorder } from './event-recorder.ts';
import { createFaults } from './faults.ts';
import { createIdentities } from './identities.ts';
import { openJournal } from './journal.ts';
import { manifestMetadataRoutes } from './manifest-metadata-routes.ts';
import { manifestRoutes } from './manifest-routes.ts';
import type { RegistryPorts } from './ports.ts';
import { seededRandom } from './random.ts';
import { referrerRoutes } from './referrer-routes.ts';
import type { RegistryOptions, RunningRegistry } from './registry-options.ts';
import { repositoryRoutes } from './repository-routes.ts';
import { createRequestHandler, type RequestHandler } from './request-handler.ts';
import { retrySchedule } from './retry-schedule.ts';
import type { Secrets } from './secrets.ts';
import { softDeleteRoutes } from './soft-delete-routes.ts';
import { standinRoutes } from './standin-routes.ts';
import { type Listing, openState } from './state.ts';
import { tagRoutes } from './tag-routes.ts';
import { createTimestamps } from './timestamps.ts';
import { tokenRoutes } from './token-routes.ts';
import { createTokens } from './tokens.ts';
import { uploadRoutes } from './upload-routes.ts';
import { createUploadStore } from './upload-store.ts';

/** A registry without its listener. */
export interface Registry extends Pick<RunningRegistry, 'resourceId' | 'faults' | 'events' | 'close'> {
  readonly handle: RequestHandler;
}

const resourceGroup = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local';
const defaultMaxBlobBytes = 10 * 1024 ** 3;
const accessLifetimeSeconds = 75 * 60;
const refreshLifetimeSeconds = 3 * 60 * 60;

/** Opens the registry kept in a data directory. @throws Error when its journal can't be read. */
export async function openRegistry(
  options: RegistryOptions,
  loginServer: string,
  secrets: Secrets,
): Promise<Registry> {
  const { dataDirectory, name = 'local', location = 'local', now = () => new Date() } = options;
  const log = options.log ?? (() => undefined);
  const resourceId = `${resourceGroup}/providers/Microsoft.ContainerRegistry/registries/${name}`;
  const tokens = await createTokens({
    key: secrets.tokenKey,
    service: loginServer,
    accessLifetimeSeconds: options.tokenLifetimeSeconds ?? accessLifetimeSeconds,
    refreshLifetimeSeconds,
  });
  const identities = createIdentities({
    administrator: secrets,
    identities: options.identities ?? {},
    anonymousPull: options.anonymousPull ?? false,
    tokens,
  });

  const state = openState((replay) => openJournal(join(dataDirectory, 'journal.jsonl'), replay));
  let frozen: Listing = state;
  const faults = createFaults(() => {
    frozen = state.snapshot();
  });
  const timestamp = createTimestamps(now);
  const random = seededRandom(options.seed ?? 1);
  const ports: RegistryPorts = {
    state,
    listing: () => (faults.staleLists ? frozen : state),
    content: createContentStore(join(dataDirectory, 'content')),
    events: createEventRecorder({ state, faults, timestamp, random, loginServer, location }),
    faults,
    timestamp,
    loginServer,
    softDelete: options.softDelete ?? false,
  };
  const uploads = createUploadStore(
    join(dataDirectory, 'uploads'),
    options.maxBlobBytes ?? defaultMaxBlobBytes,
  );
  const deadLetterFile = join(dataDirectory, 'dead-letters.jsonl');
  const delivery = createEventDelivery({
    state,
    faults,
    schedule: retrySchedule(options.retryFactor ?? 0.01),
    random,
    resourceId,
    deadLetterFile,
    log,
  });

  return {
    resourceId,
    faults,
    handle: createRequestHandler({
      // Where two patterns match, the first decides: the repository's own comes last.
      routes: [
        ...tokenRoutes({ identities, tokens, loginServer }),
        ...standinRoutes(faults),
        ...catalogRoutes(ports),
        ...uploadRoutes(ports, uploads),
        ...blobRoutes(ports),
        ...manifestRoutes(ports),
        ...referrerRoutes(ports),
        ...softDeleteRoutes(ports),
        ...tagRoutes(ports),
        ...manifestMetadataRoutes(ports),
        ...repositoryRoutes(ports),
      ],
      identities,
      tokens,
      faults,
      loginServer,
      log,
    }),
    events: {
      deadLetterFile,
      settled: delivery.settled,
      async subscribe(endpoint, schema = 'eventgrid', subscription = 'default') {
        await validateSubscription(endpoint, schema, resourceId);
        state.commit([{ op: 'subscription', name: subscription, endpoint, schema }]);
        delivery.resume(subscription);
      },
    },
    async close() {
      await delivery.close();
      state.close();
    },
  };
}
