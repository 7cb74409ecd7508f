import { describe, expect, it } from '@jest/globals';
import type { WindowReason } from '../../../src/protection/rollback-window.ts';
import { keptByWindows } from '../../../src/retention/window-reasons.ts';
import { approvalOf } from '../../builders/protected-repository.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two] = [digestOf('one'), digestOf('two')];

/** The window of an approval of `one`, open for those reasons. */
function windowOf(id: string, reasons: readonly WindowReason[], rollbackDigest?: typeof two) {
  const approval = approvalOf({
    id,
    digest: one,
    ...(rollbackDigest === undefined ? {} : { rollbackDigest }),
  });
  return { approval, reasons, ends: { kind: 'when-lifted' as const, holds: [] } };
}

describe('what open windows keep', () => {
  it.each<[WindowReason, string]>([
    ['held', 'held'],
    ['current', 'approved'],
    ['recent-release', 'rollback-window'],
    ['retain-for', 'rollback-window'],
  ])('a digest whose window is open as %s is kept as %s', (reason, code) => {
    expect(keptByWindows([windowOf('a1', [reason])])).toEqual(new Map([[one, [{ code, by: 'a1' }]]]));
  });

  it('each reason is told once, by each approval, for what it would be rolled back to as well', () => {
    const windows = [
      windowOf('a1', ['recent-release', 'retain-for', 'current'], two),
      windowOf('a2', ['held']),
    ];
    const first = [
      { code: 'approved', by: 'a1' },
      { code: 'rollback-window', by: 'a1' },
    ];
    expect(keptByWindows(windows)).toEqual(
      new Map([
        [one, [...first, { code: 'held', by: 'a2' }]],
        [two, first],
      ]),
    );
  });

  it('one that is over keeps nothing', () => {
    expect(keptByWindows([windowOf('a1', [], two)])).toEqual(new Map());
  });
});
