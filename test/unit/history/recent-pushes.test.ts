import { describe, expect, it } from '@jest/globals';
import type { Fact } from '../../../src/history/fact.ts';
import { mayRepeat, type RecentPushes, recentOf, withPush } from '../../../src/history/recent-pushes.ts';
import { replicaWindowMs } from '../../../src/history/replicas.ts';
import { epoch, fact } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const hint = one.slice('sha256:'.length, 'sha256:'.length + 10);
const none: RecentPushes = { pushes: [] };

/** A push of a tag in a region, so many milliseconds after the epoch. */
function push(ms: number, what: Partial<Fact> = {}): Fact {
  return fact(`push-${ms}`, ms / 60_000, { tag: 'prod', digest: one, location: 'westeurope', ...what });
}

describe('when a push follows recent ones of its tag', () => {
  const recent = { pushes: [{ time: epoch, hint }] };

  it.each<[string, RecentPushes, Fact, boolean]>([
    ['the same manifest within an hour', recent, push(replicaWindowMs), true],
    ['the same manifest later', recent, push(replicaWindowMs + 1), false],
    ['another manifest', recent, push(1, { digest: two }), false],
    ['some were left out', { ...none, incompleteUntil: epoch }, push(replicaWindowMs), true],
    ['some were left out long ago', { ...none, incompleteUntil: epoch }, push(replicaWindowMs + 1), false],
  ])('it may repeat one: %s', (_, before, next, expected) => {
    expect(mayRepeat(before, next)).toBe(expected);
  });
});

describe('when recent pushes are listed', () => {
  const { location: _, ...nowhere } = push(0);

  it.each<[string, Fact, boolean]>([
    ['one of a region', push(0), true],
    ['one that was found', { ...nowhere, source: 'reconcile' }, true],
    ['one without a region, which nothing can be a copy of', nowhere, false],
  ])('by the first characters of their digests: %s', (_name, pushed, isListed) => {
    const listed = { pushes: isListed ? [{ time: epoch, hint }] : [] };
    expect(withPush(none, pushed)).toEqual(listed);
    expect(recentOf([pushed], epoch)).toEqual(listed);
  });

  it('those of the last hour are, and no older ones', () => {
    const listed = withPush(recentOf([push(0), push(1)], epoch + 1), push(replicaWindowMs + 1));
    expect(listed.pushes.map(({ time }) => time)).toEqual([epoch + 1, epoch + replicaWindowMs + 1]);
    expect(listed).not.toHaveProperty('incompleteUntil');
  });

  it('at most 32 are, and up to when others were left out', () => {
    const many = Array.from({ length: 34 }, (_, index) => push(index));
    const listed = recentOf(many, epoch + 33);
    expect(listed.pushes.map(({ time }) => time - epoch)).toEqual(many.slice(2).map((_, place) => place + 2));
    expect(listed.incompleteUntil).toBe(epoch + 1);
    expect(recentOf(many.slice(2), epoch + 33)).not.toHaveProperty('incompleteUntil');
    expect(withPush(recentOf(many.slice(1, 33), epoch + 32), push(33))).toEqual(listed);
  });

  it('that others were left out is said while they are of the last hour', () => {
    const left = { ...none, incompleteUntil: epoch };
    expect(withPush(left, push(replicaWindowMs)).incompleteUntil).toBe(epoch);
    expect(withPush(left, push(replicaWindowMs + 1))).not.toHaveProperty('incompleteUntil');
  });
});
