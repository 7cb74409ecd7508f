import { describe, expect, it } from '@jest/globals';
import { images, imageToProtect, nothingUsed, ofProd, pushedAt } from '../builders/image-to-protect.ts';
import { digestOf } from '../builders/registry-event.ts';

const twoDays = 2 * 24 * 3_600_000;
const two = { retainReleases: 2 };
const [shut, open] = [
  [false, false],
  [true, true],
];

describe('F21: when releases fail between two that are good', () => {
  async function released(outcome: 'good' | 'failed') {
    const made = imageToProtect({ uses: nothingUsed });
    made.repository.push('v2', images.other, pushedAt);
    await made.release('team/app:prod', two);
    const between = await made.release('team/app:v1', two);
    await made.app.change(between, { event: 'judged', outcome });
    await made.release('team/app:v2', two);
    made.app.clock.time += twoDays;
    await made.app.enforce();
    await made.app.enforce();
    return made;
  }

  it('the one to go back to is the last good one: it is still locked, and the failed one is not', async () => {
    const made = await released('failed');
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => shut));
    expect(await made.flagsOfAll([{ digest: images.plain }, { tag: 'v1' }])).toEqual([open, open]);
    expect((await made.app.approvals()).map(({ digest, state }) => [digest, state])).toEqual([
      [images.index, 'superseded'],
      [images.plain, 'released'],
      [images.other, 'protected'],
    ]);
  });

  it('had it been good, it would be the one to go back to', async () => {
    const made = await released('good');
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => open));
    expect(await made.flagsOfAll([{ digest: images.plain }, { tag: 'v1' }])).toEqual([shut, shut]);
  });

  it('however many fail, the good one stays; with enough good ones it goes', async () => {
    const made = imageToProtect({ uses: nothingUsed });
    await made.release('team/app:prod', two);
    for (const name of ['a', 'b', 'c']) {
      made.repository.push(name, digestOf(name), pushedAt);
      const id = await made.release(`team/app:${name}`, two);
      await made.app.change(id, { event: 'judged', outcome: 'failed' });
    }
    made.app.clock.time += twoDays;
    await made.app.enforce();
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => shut));
    for (const name of ['d', 'e']) {
      made.repository.push(name, digestOf(name), pushedAt);
      await made.release(`team/app:${name}`, two);
    }
    made.app.clock.time += twoDays;
    await made.app.enforce();
    expect(await made.flagsOfAll(ofProd)).toEqual(ofProd.map(() => open));
  });
});
