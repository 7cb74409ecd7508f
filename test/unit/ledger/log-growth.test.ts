import { describe, expect, it } from '@jest/globals';
import { edgeTiles, emptyEdge, grownLog, type LogEdge } from '../../../src/ledger/log-growth.ts';

const entries = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => Buffer.of((from + at) % 256));
const pathsOf = (edge: LogEdge, to: number) =>
  grownLog(edge, entries(edge.size, to)).files.map(({ path }) => path);
const edgeAt = (size: number) => grownLog(emptyEdge, entries(0, size)).edge;
const shapeOf = ({ size, entries: some, levels }: LogEdge) => [
  size,
  some.length,
  levels.map(({ length }) => length),
];

describe('the files that a log gains', () => {
  it.each([
    [0, 3, ['tile/entries/000.p/3', 'tile/0/000.p/3']],
    [3, 5, ['tile/entries/000.p/5', 'tile/0/000.p/5']],
    [3, 256, ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']],
    [256, 257, ['tile/entries/001.p/1', 'tile/0/001.p/1']],
    [
      250,
      600,
      [
        'tile/entries/000',
        'tile/entries/001',
        'tile/entries/002.p/88',
        'tile/0/000',
        'tile/0/001',
        'tile/0/002.p/88',
        'tile/1/000.p/2',
      ],
    ],
    [300, 300, []],
  ])('from %i to %i entries are %j', (from, to, paths) => {
    expect(pathsOf(edgeAt(from), to)).toEqual(paths);
  });

  it('leave an edge of what its last files have, where they are not full', () => {
    expect(shapeOf(edgeAt(3))).toEqual([3, 3, [3]]);
    expect(shapeOf(edgeAt(256))).toEqual([256, 0, [0, 1]]);
    expect(shapeOf(edgeAt(600))).toEqual([600, 88, [88, 2]]);
    expect(shapeOf(grownLog(edgeAt(600), []).edge)).toEqual([600, 88, [88, 2]]);
    expect(grownLog(edgeAt(600), []).edge).toEqual(edgeAt(600));
  });
});

describe('the tiles that the edge of a log is read from', () => {
  it.each([
    [0, []],
    [1, [[0, 0, 1]]],
    [
      256,
      [
        [0, 1, 0],
        [1, 0, 1],
      ],
    ],
    [
      600,
      [
        [0, 2, 88],
        [1, 0, 2],
      ],
    ],
    [
      65_536,
      [
        [0, 256, 0],
        [1, 1, 0],
        [2, 0, 1],
      ],
    ],
    [
      70_000,
      [
        [0, 273, 112],
        [1, 1, 17],
        [2, 0, 1],
      ],
    ],
  ])('at %i entries are %j', (size, tiles) => {
    expect(edgeTiles(size).map(({ level, index, width }) => [level, index, width])).toEqual(tiles);
  });
});
