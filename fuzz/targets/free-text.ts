import { listForm, listingResponse } from '../../src/api/listing.ts';
import { visible, visibleJson } from '../../src/cli/terminal-text.ts';
import { outside, plainly } from '../../src/dashboard/outside-text.ts';
import { lineOf } from '../../src/functions/log-line.ts';
import { html } from '../../src/ledger/html.ts';
import { cleanFreeText, quote } from '../../src/registry/free-text.ts';
import { isClean } from '../outside-json.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { outsideTexts } from '../values.ts';

const limit = 512;

/** What a browser, a terminal or a spreadsheet could take for more than text. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** User agents and other texts that somebody else chose, on their way to each reader. */
export const freeText: Target = {
  name: 'free-text',
  form: 'text',
  property:
    'a cleaned text is bounded, clean and cleans to itself; HTML, CSV, JSON, log lines and terminals get it without markup, formulas, controls or line breaks of its own',
  made: outsideTexts,
  words: [
    '<script>',
    '</bdi>',
    '&lt;',
    '=1+1',
    '@SUM',
    '-1',
    '+1',
    '\t=',
    '\u202e',
    '\u001b[2J',
    '\ud800',
    '{{',
    '%0a',
  ],
  large: {
    letters: (length) => 'a'.repeat(length),
    overrides: (length) => '\u202e'.repeat(length),
    'high surrogates': (length) => '\ud800'.repeat(length),
    marks: (length) => `a${'\u0301'.repeat(length)}`,
    markup: (length) => '<'.repeat(length),
  },
  check(text) {
    const cleaned = cleanFreeText(text, limit);
    hold(cleaned.text.length <= limit, 'it is longer than its limit');
    hold(isClean(cleaned.text), 'something is left in it');
    const again = cleanFreeText(cleaned.text, limit);
    hold(again.text === cleaned.text && again.repairs.length === 0, 'cleaning it again changes it');
    hold((cleaned.repairs.length === 0) === (cleaned.text === text), 'repairs are not what was done');
    const quoted = quote(text);
    hold(isClean(quoted) && quoted.length <= 83, 'a quote is no short line');

    const pageOf = String(outside(text)).replaceAll(/<\/?(?:bdi|code|span)(?: class="[a-z -]+")?>/g, '');
    hold(!/[<>]/.test(pageOf), 'the dashboard shows markup of its own');
    hold(!unseen.test(pageOf), 'the dashboard shows what is not seen');
    hold(!unseen.test(plainly(text)), 'a title has what is not seen');
    const summary = html`<p title="${text}">${text}</p>`.html;
    hold((summary.match(/[<>"]/g) ?? []).length === 6, 'the summary has markup of its own');

    hold(!unseen.test(visible(text)), 'a terminal is told what is not seen');
    const shown = visibleJson({ text }, 1);
    hold(
      !unseen.test(shown.replaceAll('\n', '')) && shown.split('\n').length === 3,
      'JSON for a terminal has more lines',
    );
    hold(JSON.parse(shown).text === text, 'JSON for a terminal says something else');

    const line = lineOf('warn', 'event rejected', { text, level: 'info' });
    hold(!line.includes('\n') && JSON.parse(line).level === 'warn', 'a line of the log is forged');
    const cells = listingResponse({ items: [text] }, 'csv', 'https://audit.example/', ['cell'], (cell) => ({
      cell,
    }));
    const cell = String(cells.body).slice('cell\n'.length).replace(/^"/, '');
    hold(
      !/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(cell.replace(/\n$/, '') || 'a'),
      'a cell begins like a formula',
    );
    listForm(text);
    return cleaned.repairs.length === 0
      ? accepted(pageOf === text ? 'plain' : 'marked')
      : refused(cleaned.repairs.join());
  },
};
