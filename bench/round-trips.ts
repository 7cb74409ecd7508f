import { queryHistory } from '../src/audit/query-history.ts';
import { resolveTag } from '../src/audit/resolve-tag.ts';
import { historyPages } from '../src/storage/history-pages.ts';
import { digestOf, imageDeleted, imagePushed } from '../test/builders/registry-event.ts';
import { atMost, type Figure } from './figure.ts';
import { requestRecorder } from './recorder.ts';
import { benchStorage, benchTables, handlerOver } from './setting.ts';

const time = (second: number) => new Date(Date.UTC(2026, 4, 2, 14, 0, second)).toISOString();

/** Transactions and round trips in sequence of each kind of event, and of as-of and history pages. */
export async function roundTrips(): Promise<readonly Figure[]> {
  const storage = await benchStorage();
  try {
    const recorder = requestRecorder();
    const tables = await benchTables(storage, recorder.policy);
    const handle = handlerOver(tables);
    const pages = historyPages(tables.repositories, tables.log);
    const [one, two] = [digestOf('one'), digestOf('two')];
    const retag = imagePushed({ tag: 'prod', digest: one, timestamp: time(2) });

    const figures: Figure[] = [];
    async function count(
      name: string,
      inSequence: number,
      transactions: number,
      work: () => Promise<unknown>,
    ) {
      recorder.take();
      await work();
      const taken = recorder.take();
      figures.push(atMost(`${name}: round trips in sequence`, taken.inSequence, '', inSequence));
      figures.push(atMost(`${name}: transactions`, taken.transactions, '', transactions));
    }

    await count('push of a new digest', 2, 5, () =>
      handle(imagePushed({ tag: '1.0', digest: one, timestamp: time(1) })),
    );
    await count('push of a known digest', 2, 4, () => handle(retag));
    await handle(imagePushed({ tag: '2.0', digest: two, timestamp: time(3) }));
    await count('push that moves a tag', 2, 4, () =>
      handle(imagePushed({ tag: 'prod', digest: two, timestamp: time(4) })),
    );
    await count('duplicate', 3, 5, () => handle(retag));
    await count('delete of a digest with two tags', 2, 6, () =>
      handle(imageDeleted({ digest: two, timestamp: time(5) })),
    );
    const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
    await count('as-of', 1, 1, () => resolveTag({ pages })(repository, 'prod', Date.parse(time(3))));
    await count('history page of a tag', 1, 1, () =>
      queryHistory({ pages })({ scope: { ...repository, tag: 'prod' }, limit: 100 }),
    );
    return figures;
  } finally {
    await storage.stop();
  }
}
