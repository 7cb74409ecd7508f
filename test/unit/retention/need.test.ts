import { describe, expect, it } from '@jest/globals';
import { unlocked } from '../../../src/registry/lock-state.ts';
import type { KeepReason } from '../../../src/retention/keep-reason.ts';
import { neededReasons, workloadsText } from '../../../src/retention/need.ts';
import type { RetentionManifest } from '../../../src/retention/repository-content.ts';
import { contentOf, digestOf, imageOf, indexOf } from '../../builders/retention-content.ts';

const usedBy = (...workloads: readonly string[]) => ({ isExact: true, workloads });

describe('the workloads that a reason names', () => {
  it.each([
    [['a'], 'a'],
    [['a', 'b', 'c'], 'a, b, c'],
    [['a', 'b', 'c', 'd'], 'a, b, c and 1 more'],
  ])('are the first three of %j', (workloads, text) => {
    expect(workloadsText(usedBy(...workloads))).toBe(text);
  });
});

describe('what an image is needed for', () => {
  const image = imageOf('image');
  const index = indexOf('index', ['amd64', 'arm64']);
  const elsewhere: KeepReason = { code: 'locked', detail: 'not by this audit' };

  it.each<[string, RetentionManifest, Parameters<typeof contentOf>[0], readonly KeepReason[]]>([
    ['nothing', image, {}, []],
    [
      'a workload that may run it',
      image,
      { uses: new Map([[digestOf('image'), { isExact: false, workloads: ['web'] }]]) },
      [{ code: 'inferred-use', detail: 'web' }],
    ],
    [
      'workloads that run its parts, of which the first part is told',
      index,
      {
        uses: new Map([
          [digestOf('amd64'), usedBy('web')],
          [digestOf('arm64'), usedBy('edge')],
        ]),
      },
      [{ code: 'in-use', detail: 'web', of: digestOf('amd64') }],
    ],
    [
      'approvals and holds, each with its id',
      image,
      {
        kept: new Map([
          [
            digestOf('image'),
            [
              { code: 'approved', by: 'a1' },
              { code: 'held', by: 'h1' },
            ],
          ],
        ]),
      },
      [
        { code: 'approved', detail: 'a1' },
        { code: 'held', detail: 'h1' },
      ],
    ],
    [
      'a lock against deletion',
      imageOf('image', { locks: { ...unlocked, canDelete: false } }),
      {},
      [elsewhere],
    ],
    ['a lock against pushes', imageOf('image', { locks: { ...unlocked, canWrite: false } }), {}, [elsewhere]],
    [
      'a lock that protection set',
      imageOf('image', { locks: { ...unlocked, canDelete: false } }),
      { ownLocks: new Set([digestOf('image')]) },
      [{ code: 'locked', detail: 'by this audit, until protection ends' }],
    ],
    [
      'a lock against pulls, which keeps nothing',
      imageOf('image', { locks: { ...unlocked, canRead: false } }),
      {},
      [],
    ],
  ])('is %s', (_, manifest, content, reasons) => {
    expect(neededReasons(manifest, contentOf(content))).toEqual(reasons);
  });
});
