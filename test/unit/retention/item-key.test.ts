import { describe, expect, it } from '@jest/globals';
import { itemKey } from '../../../src/retention/item-key.ts';
import { digestOf } from '../../builders/retention-content.ts';

describe('what tells an item of a plan from the others', () => {
  const digest = digestOf('image');

  it('is the name of a tag, whatever it names', () => {
    expect(itemKey({ tag: 'v1', digest })).toBe('v1');
  });

  it('is the digest of a manifest', () => {
    expect(itemKey({ digest })).toBe(digest);
  });
});
