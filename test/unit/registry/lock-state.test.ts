import { describe, expect, it } from '@jest/globals';
import { allowsTheSame, unlocked } from '../../../src/registry/lock-state.ts';

describe('what locks allow', () => {
  it('is everything where nothing is locked', () => {
    expect(unlocked).toEqual({ canDelete: true, canWrite: true, canRead: true, canList: true });
  });

  it.each(['canDelete', 'canWrite', 'canRead', 'canList'] as const)('differs by %s alone', (flag) => {
    expect(allowsTheSame(unlocked, { ...unlocked })).toBe(true);
    expect(allowsTheSame(unlocked, { ...unlocked, [flag]: false })).toBe(false);
    const nothing = { canDelete: false, canWrite: false, canRead: false, canList: false };
    expect(allowsTheSame(nothing, { ...nothing, [flag]: true })).toBe(false);
  });
});
