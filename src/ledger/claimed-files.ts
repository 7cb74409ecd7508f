import { type TileFile, tileWidth, widthOf } from './tile.ts';

/** Whether a checkpoint has a file: `beyond` reaches further than the newest, `stray` is of no checkpoint before it. */
export type Claim = 'claimed' | 'beyond' | 'stray';

/**
 * Tells of files to which checkpoints they belong. What is left after a log was cut off, or while a batch is being sealed,
 * belongs to none.
 */
export function claims(sizes: readonly number[]): (file: TileFile) => Claim {
  const sorted = [...sizes].sort((one, other) => one - other);
  const last = sorted.at(-1) ?? 0;

  /** Whether there is a size from one, and before another. */
  function hasSize(from: number, before: number): boolean {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((sorted[middle] ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    return (sorted[low] ?? before) < before;
  }

  return ({ level, index, width }) => {
    const unit = tileWidth ** level;
    const from = (index * tileWidth + width) * unit;
    if (from > last) return 'beyond';
    const isClaimed =
      width === tileWidth ? widthOf(level, index, last) === width : hasSize(from, from + unit);
    return isClaimed ? 'claimed' : 'stray';
  };
}
