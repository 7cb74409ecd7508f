import { html } from 'hono/html';
import type { Html } from './html.ts';

/**
 * Characters that show nothing, or change how their neighbours show: controls, format characters (joiners, overrides, tags), those
 * of private use, unassigned ones, separators but the space, and the sign that stands for one that was replaced.
 * Source: https://www.unicode.org/reports/tr36/#Recommendations_General
 */
const hidden = /[\p{C}\p{Zl}\p{Zp}\uFFFD]|(?! )\p{Zs}/u;

/** One such character, or marks that pile up on one letter. */
const odd = /((?:[\p{C}\p{Zl}\p{Zp}\uFFFD]|(?! )\p{Zs})|\p{M}{3,})/gu;

/** What nobody calls an image or a client, though nothing is wrong with it as text. */
const markup = /[<>]/;

/** Most characters shown of one text. */
const mostShown = 512;

/** Whether a text has to be marked: it could pass for something that it is not. */
export function isUnusual(text: string): boolean {
  return hidden.test(text) || markup.test(text) || /\p{M}{3,}/u.test(text);
}

/**
 * Text from outside: escaped, kept from reordering what stands around it, every character that would not show written out as
 * its number, and marked when it has any of them, or looks like markup.
 */
export function outside(text: string): Html {
  const shown = text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
  if (!isUnusual(shown)) return html`<bdi>${shown}</bdi>`;
  const parts = shown.split(odd).map((part, place) => (place % 2 === 1 ? codePoints(part) : part));
  return html`<span class="unusual"><bdi>${parts}</bdi> <span class="badge warn">unusual text</span></span>`;
}

/** Text from outside where only plain text can stand, such as a page's title: what does not show is written out. */
export function plainly(text: string): string {
  return text.slice(0, mostShown).replace(odd, (part) => `[${numbers(part)}]`);
}

function codePoints(part: string): Html {
  return html`<code class="code-point">${numbers(part)}</code>`;
}

function numbers(part: string): string {
  return Array.from(part, (character) => {
    const number = character.codePointAt(0) ?? 0;
    return `U+${number.toString(16).toUpperCase().padStart(4, '0')}`;
  }).join(' ');
}
