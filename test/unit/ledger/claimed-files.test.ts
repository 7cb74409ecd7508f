import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { claims } from '../../../src/ledger/claimed-files.ts';
import { tilesBetween } from '../../../src/ledger/tile.ts';

const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 140_000 }), { minLength: 1, maxLength: 6 });

describe('the files of checkpoints', () => {
  it('when a checkpoint asks for a tile, it is claimed, and one that none asks for is not', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 140_000 }), (all, other) => {
        const claim = claims(all);
        const paths = new Set<string>();
        const nameOf = (tile: object) => JSON.stringify(tile);
        let before = 0;
        for (const size of [...all].sort((one, two) => one - two)) {
          for (const tile of tilesBetween(before, size)) paths.add(nameOf(tile));
          before = size;
        }
        for (const path of paths) expect(claim({ kind: 'tile', ...JSON.parse(path) })).toBe('claimed');
        for (const tile of tilesBetween(Math.max(0, other - 300), other)) {
          const isClaimed = claim({ kind: 'tile', ...tile }) === 'claimed';
          expect(isClaimed).toBe(paths.has(nameOf(tile)));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('when a log was cut off, what reaches further is beyond it', () => {
    const claim = claims([300]);
    expect(claim({ kind: 'entries', level: 0, index: 1, width: 44 })).toBe('claimed');
    expect(claim({ kind: 'entries', level: 0, index: 1, width: 45 })).toBe('beyond');
    expect(claim({ kind: 'entries', level: 0, index: 1, width: 43 })).toBe('stray');
    expect(claim({ kind: 'tile', level: 0, index: 1, width: 256 })).toBe('beyond');
  });
});
