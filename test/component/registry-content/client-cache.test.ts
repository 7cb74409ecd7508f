import { describe, expect, it } from '@jest/globals';
import { clientCache } from '../../../src/acr/client-cache.ts';

/** A cache of two clients that live for 100 ms, a clock, and what was made. */
function smallCache() {
  const made: string[] = [];
  const clock = { now: 0 };
  const clientOf = clientCache({ limit: 2, maxAgeMs: 100, now: () => clock.now }, (key) => {
    made.push(key);
    return { key };
  });
  return { made, clock, clientOf };
}

describe('when clients are kept', () => {
  it('makes each once', () => {
    const { made, clientOf } = smallCache();
    expect(clientOf('a')).toBe(clientOf('a'));
    expect(clientOf('b').key).toBe('b');
    expect(made).toEqual(['a', 'b']);
  });

  it('forgets the one not used for longest', () => {
    const { made, clientOf } = smallCache();
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) clientOf(key);
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });

  it('makes one anew when it is old, however often it was used', () => {
    const { made, clock, clientOf } = smallCache();
    const first = clientOf('a');
    clock.now = 99;
    expect(clientOf('a')).toBe(first);
    clock.now = 100;
    expect(clientOf('a')).not.toBe(first);
    expect(made).toEqual(['a', 'a']);
  });
});
