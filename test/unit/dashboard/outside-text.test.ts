import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { html } from 'hono/html';
import { isUnusual, outside, plainly } from '../../../src/dashboard/outside-text.ts';

describe('when text from outside is shown', () => {
  it.each(['1.4.2', 'docker/24.0.7 go/go1.20.10 (linux)', 'café', '日本語', 'مرحبا', 'family of emoji 👍'])(
    'and it is as usual, %s stays as it is',
    (text) => {
      expect(isUnusual(text)).toBe(false);
      expect(String(outside(text))).toBe(`<bdi>${text}</bdi>`);
    },
  );

  it.each([
    ['markup', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['an override', 'a\u202Eb', '>U+202E</code>b'],
    ['an isolate', 'a\u2066b', '>U+2066</code>b'],
    ['a space of no width', 'a\u200Bb', '>U+200B</code>b'],
    ['a tag character', 'a\u{E0041}b', '>U+E0041</code>b'],
    ['a control', 'a\u0007b', '>U+0007</code>b'],
    ['a line', 'a\nb', '>U+000A</code>b'],
    ['a separator', 'a\u2028b', '>U+2028</code>b'],
    ['a space that is none', 'a\u00A0b', '>U+00A0</code>b'],
    ['what was replaced', 'a\uFFFDb', '>U+FFFD</code>b'],
    ['a lone surrogate', 'a\uD800b', '>U+D800</code>b'],
    ['marks piled up', 'a\u0301\u0301\u0301b', '>U+0301 U+0301 U+0301</code>b'],
  ])('and it has %s, that is told and marked', (_, text, told) => {
    expect(isUnusual(text)).toBe(true);
    expect(String(outside(text))).toContain(told);
    expect(String(outside(text))).toContain('unusual text');
  });

  it('whatever it is, nothing of it is markup, and nothing of it is hidden', () => {
    const hostile = fc.string({
      unit: fc.oneof(
        fc.constantFrom('<', '>', '"', "'", '&', '`', '\u202E', '\u200B', '\u0000', '\uFFFD', '\u0301'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 700,
    });
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = String(html`<p title="${plainly(text)}">${outside(text)}</p>`);
        const tags = new Set(shown.match(/<[^>]*>/g)?.map((tag) => tag.replace(/title="[^"]*"/, 'title=""')));
        for (const known of [
          '<p title="">',
          '</p>',
          '<bdi>',
          '</bdi>',
          '</span>',
          '<code class="code-point">',
          '</code>',
        ]) {
          tags.delete(known);
        }
        tags.delete('<span class="unusual">');
        tags.delete('<span class="badge warn">');
        expect([...tags]).toEqual([]);
        expect(shown).not.toMatch(/[\p{C}\uFFFD]/u);
      }),
      { numRuns: 2_000 },
    );
  });

  it('and it is too long, it ends', () => {
    expect(String(outside('x'.repeat(100_000))).length).toBeLessThan(600);
    expect(plainly('x'.repeat(100_000)).length).toBe(512);
  });
});
