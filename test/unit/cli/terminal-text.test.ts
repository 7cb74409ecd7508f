import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tableText } from '../../../src/cli/table.ts';
import { visible, visibleJson } from '../../../src/cli/terminal-text.ts';

const hostile = 'v1\u202e\u2066x\u001b[2Jy\u0007\r\nz\u200b\ufeff\u009b31m\u{e0041}\u2028';
/** Anything that a terminal acts on, or that hides or turns text around. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

describe('when a registry gives a text that is meant to mislead', () => {
  it('is shown on one line, with what cannot be seen written out', () => {
    expect(visible(hostile)).toBe(
      'v1\\u{202e}\\u{2066}x\\u{1b}[2Jy\\u{7}\\u{d}\\u{a}z\\u{200b}\\u{feff}\\u{9b}31m\\u{e0041}\\u{2028}',
    );
    expect(visible('team/äpp 日本 🙂')).toBe('team/äpp 日本 🙂');
  });

  it('is the same JSON as before, with nothing in it that cannot be seen', () => {
    const json = visibleJson({ tag: hostile });
    expect(json).not.toMatch(unseen);
    expect(JSON.parse(json)).toEqual({ tag: hostile });
  });

  it('does no harm in any text, and JSON keeps it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, text) => {
        expect(visible(text)).not.toMatch(unseen);
        for (const indent of [undefined, 2]) {
          const json = visibleJson({ [name]: [text] }, indent);
          expect(json.replaceAll('\n', '')).not.toMatch(unseen);
          expect(JSON.parse(json)).toEqual({ [name]: [text] });
        }
      }),
    );
  });

  it('cannot begin another row of a table', () => {
    const style = { colours: false, wide: false };
    const columns = [{ name: 'tag', shown: 'table' }] as const;
    const table = tableText([{ tag: hostile }, { tag: 'v2' }], columns, style);
    expect(table.split('\n')).toHaveLength(4);
    expect(table.replaceAll('\n', '')).not.toMatch(unseen);
  });
});

describe('when a table is made', () => {
  const columns = [
    { name: 'firstSeen', shown: 'table' },
    { name: 'digest', shown: 'table' },
    { name: 'owner', shown: 'wide' },
    { name: 'never', shown: 'table' },
  ] as const;
  const digest = `sha256:${'a1'.repeat(32)}`;
  const rows = [
    { firstSeen: '日本', digest, owner: 'x' },
    { firstSeen: 'abcdef', digest: 'none' },
  ];

  it('lines its columns up, leaves out those in which nothing is, and cuts digests', () => {
    expect(tableText(rows, columns, { colours: false, wide: false })).toBe(
      'FIRST SEEN  DIGEST\n日本        sha256:a1a1a1a1a1a1\nabcdef      none\n',
    );
  });

  it('shows every column and whole digests when it is wide', () => {
    const text = tableText(rows, columns, { colours: false, wide: true });
    expect(text).toContain(digest);
    expect(text).toContain('OWNER');
    expect(text).not.toContain('NEVER');
  });
});
