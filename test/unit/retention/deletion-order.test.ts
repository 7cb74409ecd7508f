import { describe, expect, it } from '@jest/globals';
import { deletionOrder } from '../../../src/retention/deletion-order.ts';
import type { RetentionManifest } from '../../../src/retention/repository-content.ts';
import { digestOf, imageOf, indexOf } from '../../builders/retention-content.ts';

const about = (name: string) => ({ subject: digestOf(name) });

/** Names in the order in which they go. */
function orderOf(manifests: Readonly<Record<string, RetentionManifest>>): readonly string[] {
  const names = new Map(Object.entries(manifests).map(([name, { digest }]) => [digest, name]));
  return deletionOrder(Object.values(manifests)).map(({ digest }) => names.get(digest) ?? digest);
}

describe('the order of deletion', () => {
  it.each<[string, Readonly<Record<string, RetentionManifest>>, readonly string[]]>([
    [
      'an index goes before what it lists, at any depth',
      { deep: imageOf('deep'), nested: indexOf('nested', ['deep']), top: indexOf('top', ['nested']) },
      ['top', 'nested', 'deep'],
    ],
    [
      'an index goes before each of several parts',
      { index: indexOf('index', ['one', 'two']), one: imageOf('one'), two: imageOf('two') },
      ['index', 'two', 'one'],
    ],
    [
      'a part of two indexes goes before what signs it',
      {
        part: imageOf('part'),
        signature: imageOf('signature', about('part')),
        one: indexOf('one', ['part']),
        two: indexOf('two', ['part']),
      },
      ['two', 'one', 'part', 'signature'],
    ],
    [
      'a part of two indexes goes after both',
      { part: imageOf('part'), one: indexOf('one', ['part']), two: indexOf('two', ['part']) },
      ['two', 'one', 'part'],
    ],
    [
      'an image goes before what signs it, and that before what signs the signature',
      {
        countersigned: imageOf('countersigned', about('signature')),
        signature: imageOf('signature', about('image')),
        image: imageOf('image'),
      },
      ['image', 'signature', 'countersigned'],
    ],
    [
      'what stays, or was never there, holds up nothing',
      { signature: imageOf('signature', about('kept')), index: indexOf('index', ['kept']) },
      ['index', 'signature'],
    ],
    [
      'an index that lists what it is about goes before it',
      { image: imageOf('image'), index: indexOf('index', ['image'], about('image')) },
      ['index', 'image'],
    ],
    [
      'an index that lists what it is about does not hold up others',
      {
        image: imageOf('image'),
        index: indexOf('index', ['image'], about('image')),
        part: imageOf('part'),
        other: indexOf('other', ['part']),
      },
      ['other', 'part', 'index', 'image'],
    ],
    [
      'indexes that list each other stay',
      { one: indexOf('one', ['two']), two: indexOf('two', ['one']), other: imageOf('other') },
      ['other'],
    ],
  ])('%s', (_, manifests, order) => {
    expect(orderOf(manifests)).toEqual(order);
  });
});
