import { digestOf, imageDeleted, imagePushed } from '../test/builders/registry-event.ts';
import { atMost, type Figure } from './figure.ts';
import { judgingOver } from './judging.ts';
import { requestRecorder } from './recorder.ts';
import { benchStorage, benchTables, handlerOver } from './setting.ts';

const now = () => Date.UTC(2026, 4, 2, 14, 1);
const time = (second: number) => new Date(Date.UTC(2026, 4, 2, 14, 0, second)).toISOString();

/**
 * Transactions and round trips in sequence of each kind of event: recorded in history alone, and with what follows in the app
 * where an inventory says what runs.
 */
export async function roundTrips(): Promise<readonly Figure[]> {
  const storage = await benchStorage();
  try {
    const recorder = requestRecorder();
    const tables = await benchTables(storage, recorder.policy);
    const handle = handlerOver(tables);
    const { onRecorded, look } = judgingOver(tables, now);
    const [one, two, three, four] = [digestOf('one'), digestOf('two'), digestOf('three'), digestOf('four')];
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
    await count('delete of a digest with two tags, history alone', 2, 6, () =>
      handle(imageDeleted({ digest: two, timestamp: time(5) })),
    );
    const whole = handlerOver(tables, now, onRecorded);
    for (const [number, digest] of [three, four].entries()) {
      await whole(imagePushed({ tag: `${3 + number}.0`, digest, timestamp: time(6 + number) }));
    }
    await look([four]);
    // Which repositories workloads name is read anew once in a while, which this push finds.
    await whole(imagePushed({ tag: '4.1', digest: four, timestamp: time(8) }));
    await count('push of a known digest, whole', 2, 4, () =>
      whole(imagePushed({ tag: 'prod', digest: four, timestamp: time(9) })),
    );
    await count('delete, judged and its verdict recorded', 2, 6, () =>
      whole(imageDeleted({ digest: three, timestamp: time(10) })),
    );
    await count('delete with finding, judged and its verdict recorded', 3, 7, () =>
      whole(imageDeleted({ digest: four, timestamp: time(11) })),
    );
    return figures;
  } finally {
    await storage.stop();
  }
}
