import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientsByConnectionString, type Tables, tablesOf } from '../../../src/storage/tables.ts';
import { type Azurite, startAzurite } from '../../builders/azurite.ts';
import { deliver } from '../../builders/delivery.ts';
import {
  arbitraryDeliveries,
  arbitraryManyTags,
  type Deliveries,
  deliveriesOf,
} from '../../builders/facts.ts';
import { historyOf } from '../../builders/history-oracle.ts';
import { announcedIn, historyIn } from '../../builders/history-reading.ts';
import { recorderOver } from '../../builders/history-stores.ts';

const registry = 'contoso.azurecr.io';

describe('when facts are delivered to Table Storage in any order, any number of times, by several senders', () => {
  let azurite: Azurite;
  let tables: Tables;
  let made = 0;
  beforeAll(async () => {
    azurite = await startAzurite();
    tables = tablesOf(clientsByConnectionString(azurite.connectionString));
  });
  afterAll(() => azurite.stop());

  async function expectHistory({ facts, deliveries }: Deliveries): Promise<void> {
    made += 1;
    const repository = `team/app-${made}`;
    await deliver(recorderOver(tables), deliveries, { senders: 6, repositoryOf: () => repository });
    const announced = await announcedIn(tables.log, registry);
    const told = announced.filter((record) => record.repository === repository).map((record) => record.fact);
    expect(told).toHaveLength(facts.length);
    expect(await historyIn(tables.repositories, { registry, repository })).toEqual(historyOf(told));
  }

  it('tells the history that the facts amount to', async () => {
    await fc.assert(fc.asyncProperty(arbitraryDeliveries, expectHistory), {
      numRuns: 20,
      endOnFailure: true,
    });
  });

  it('tells the same when a deletion changes more than one transaction can hold', async () => {
    await fc.assert(fc.asyncProperty(deliveriesOf(arbitraryManyTags), expectHistory), {
      numRuns: 3,
      endOnFailure: true,
    });
  });
});
