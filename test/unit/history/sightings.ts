import type { Sighting } from '../../../src/history/observation.ts';
import { epoch } from '../../builders/facts.ts';

/** The repository that is looked at. */
export const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };

/** A comparison at the {@link epoch}, recorded ten minutes later. */
export const sighting: Sighting = { source: 'reconcile', at: epoch, recordedAt: epoch + 600_000 };
