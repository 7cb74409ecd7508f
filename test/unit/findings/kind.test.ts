import { describe, expect, it } from '@jest/globals';
import { findingKinds, remedyOf } from '../../../src/findings/kind.ts';

describe('what to do about a finding', () => {
  it.each(Object.entries(findingKinds))('of kind %s is what its kind says', (kind, { remedy }) => {
    expect(remedyOf(kind)).toBe(remedy);
  });

  it.each(['Unheard', 'toString', '__proto__'])(
    'of a kind %j that nobody knows is to ask who does',
    (kind) => {
      expect(remedyOf(kind)).toMatch(/later version/);
    },
  );
});
