import { describe, expect, it } from '@jest/globals';
import { html } from '../../../src/ledger/html.ts';

describe('HTML of a template', () => {
  it.each([
    ['markup', '<b>&amp;</b>', '&lt;b&gt;&amp;amp;&lt;/b&gt;'],
    ['quotes, which would end an attribute', `"'`, '&quot;&#39;'],
    ['a text that is turned around', 'a\u202eb', 'a\\u{202e}b'],
    ['a character that shows nothing', 'a\u200bb\u0000\r', 'a\\u{200b}b\\u{0}\\u{d}'],
    ['half a character', 'a\ud800', 'a\\u{d800}'],
    ['letters of any language, and lines', 'Grüße, 山,\n👍', 'Grüße, 山,\n👍'],
    ['a number', 7, '7'],
  ])('when %s is put in, it is shown as what it is', (_, part, shown) => {
    expect(html`<p title="${part}">${part}</p>`.html).toBe(`<p title="${shown}">${shown}</p>`);
  });

  it('when it is put into another, it stays what it is, as do several, one after the other', () => {
    const [one, two] = [html`<i>${'<'}</i>`, html`<b>2</b>`];
    expect(html`<p>${one}</p>${[one, two]}${[]}.`.html).toBe('<p><i>&lt;</i></p><i>&lt;</i><b>2</b>.');
  });
});
