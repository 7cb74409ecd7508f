import { describe, expect, it } from '@jest/globals';
import { inLockingOrder, mergedNeeds } from '../../../src/protection/lock-order.ts';
import {
  type LockTarget,
  manifestTarget,
  tagTarget,
  targetKey,
} from '../../../src/protection/lock-target.ts';
import type { Digest } from '../../../src/registry/digest.ts';
import { digestOf } from '../../builders/registry-event.ts';

const sorted = ['a', 'b', 'c', 'd'].map(digestOf).sort();
const [first = digestOf('a'), second = first, third = first, fourth = first] = sorted;

function needing(digest: Digest, ...needs: readonly Digest[]) {
  return { target: manifestTarget(digest), needs };
}

function keysOf(locks: readonly { readonly target: LockTarget }[]): readonly string[] {
  return locks.map(({ target }) => targetKey(target));
}

describe('mergedNeeds', () => {
  it('when a manifest is told of twice, it needs what either says; what a tag needs is not asked for', () => {
    const told = [
      needing(first, second),
      needing(first, third, second),
      { target: tagTarget('v1'), needs: [first] },
    ];
    expect(mergedNeeds(told)).toEqual(new Map([[first, new Set([second, third])]]));
  });
});

describe('inLockingOrder', () => {
  it.each([
    ['nothing needs anything', [needing(third), needing(first), needing(second)], [first, second, third]],
    [
      'one needs several, in this order of their names',
      [needing(first, third, fourth, second), needing(second), needing(third), needing(fourth)],
      [fourth, third, second, first],
    ],
    [
      'two need one another',
      [needing(first, second), needing(second, first, third), needing(third)],
      [third, second, first],
    ],
    [
      'nothing is known of some of them',
      [needing(second, first), needing(first)],
      [third, fourth, first, second],
    ],
  ])('when %s, the order is the same however it is told', (_, told, order) => {
    const tags = ['v2', 'v1', 'v10'].map((tag) => ({ target: tagTarget(tag) }));
    const locks = [...tags, ...order.map((digest) => ({ target: manifestTarget(digest) }))];
    const reversed = told.toReversed().map(({ target, needs }) => ({ target, needs: needs.toReversed() }));
    for (const tellings of [told, reversed]) {
      for (const given of [locks, locks.toReversed()]) {
        expect(keysOf(inLockingOrder(given, mergedNeeds(tellings)))).toEqual([
          ...order,
          'tag:v1',
          'tag:v10',
          'tag:v2',
        ]);
      }
    }
  });
});
