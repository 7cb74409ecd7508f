import { html } from 'hono/html';
import type { PlacedEntry } from '../audit/history-pages.ts';
import { beginsStretch } from '../history/entry.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Html } from './html.ts';
import { tagHref } from './links.ts';
import { plainly } from './outside-text.ts';
import { shortDigest } from './shown.ts';

/** Something on the axis beside what the tag pointed to. */
export interface Mark {
  readonly kind: 'approval' | 'deployment';
  /** Epoch milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** What a timeline is drawn from. Times are epoch milliseconds. */
export interface TimelineParts {
  readonly of: RepositoryId & { readonly tag: string };
  readonly entries: readonly PlacedEntry[];
  readonly marks: readonly Mark[];
  readonly now: number;
  /** The time that is asked about. */
  readonly at: number | undefined;
}

/** Digests that get a lane of their own; older ones are in the table alone. */
const mostLanes = 8;
const [width, gutter, laneHeight, top] = [960, 180, 30, 26];

/** The tag's timeline: a lane for each digest, with a bar while the tag pointed to it, and below it what happened around it. */
export function timelinePicture({ of, entries, marks, now, at }: TimelineParts): Html {
  const told = entries.map(({ entry }) => entry).filter(({ replicaOf }) => replicaOf === undefined);
  const stretches = told.filter((entry) => beginsStretch(entry) && isHolding(entry.kind));
  const lanes = [...new Set(stretches.map(({ fact }) => fact.digest))].slice(0, mostLanes);
  const first = Math.min(now, ...told.map(({ fact }) => fact.notBefore ?? fact.at.time));
  const span = Math.max(1, now - first);
  const x = (time: number) =>
    round(gutter + ((Math.min(now, Math.max(first, time)) - first) / span) * (width - gutter - 16));
  const ground = top + lanes.length * laneHeight + 8;
  const bars = stretches.flatMap(({ fact, until, kind }) => {
    const lane = lanes.indexOf(fact.digest);
    if (lane < 0) return [];
    const [from, to] = [x(fact.at.time), x(until?.time ?? now)];
    const y = top + lane * laneHeight;
    const text = `${shortDigest(fact.digest)} ${kind} ${iso(fact.at.time)}${until === undefined ? ', until now' : `, until ${iso(until.time)}`}`;
    const unsure =
      until?.notBefore === undefined
        ? undefined
        : html`<rect class="lane-${lane} unsure" x="${x(until.notBefore)}" y="${y}" width="${Math.max(0, to - x(until.notBefore))}" height="18"></rect>`;
    return html`<a href="${tagHref(of, iso(fact.at.time))}" aria-label="${text}"><title>${text}</title>
<rect class="lane-${lane}" x="${from}" y="${y}" width="${Math.max(3, x(until?.notBefore ?? until?.time ?? now) - from)}" height="18"></rect>${unsure}</a>`;
  });
  const names = lanes.map(
    (digest, lane) => html`<text x="8" y="${top + lane * laneHeight + 14}">${shortDigest(digest)}</text>`,
  );
  const ends = told
    .filter(({ kind }) => kind === 'deleted' || kind === 'untagged' || kind === 'moved')
    .map(({ fact, kind }) => {
      const [left, y] = [x(fact.at.time), ground + 12];
      const shape =
        kind === 'moved' ? `M${left} ${y - 6}l6 12h-12z` : `M${left - 5} ${y - 5}l10 10m0-10l-10 10`;
      return html`<g><title>${kind} ${iso(fact.at.time)}</title><path class="mark" d="${shape}" stroke="currentColor" stroke-width="${kind === 'moved' ? 1 : 3}"></path></g>`;
    });
  const others = marks
    .filter((mark) => mark.at >= first)
    .map(({ kind, at: time, text }) => {
      const [left, y] = [x(time), ground + (kind === 'approval' ? 34 : 56)];
      const shape =
        kind === 'approval'
          ? html`<circle class="mark" cx="${left}" cy="${y}" r="6"></circle>`
          : html`<path class="mark" d="M${left} ${y - 7}l7 7l-7 7l-7-7z"></path>`;
      return html`<g><title>${plainly(text)} ${iso(time)}</title>${shape}</g>`;
    });
  const axis = ground + 76;
  const ticks = Array.from({ length: 5 }, (_, place) => first + (span * place) / 4).map(
    (time, place) =>
      html`<text class="quiet" x="${x(time)}" y="${axis + 18}" text-anchor="${place === 4 ? 'end' : place === 0 ? 'start' : 'middle'}">${span > 4 * 86_400_000 ? iso(time).slice(0, 10) : iso(time).slice(5, 19).replace('T', ' ')}</text>`,
  );
  const asOf =
    at === undefined
      ? undefined
      : html`<line class="as-of" x1="${x(at)}" y1="${top - 10}" x2="${x(at)}" y2="${axis}"><title>as of ${iso(at)}</title></line>`;
  return html`<div class="picture" tabindex="0" role="region" aria-label="Timeline; the table below says the same"><svg viewBox="0 0 ${width} ${axis + 28}" role="group" aria-label="Which digest from when to when">
${names}<text class="quiet" x="8" y="${ground + 16}">moved ▲ removed ✕</text><text class="quiet" x="8" y="${ground + 38}">approved ●</text><text class="quiet" x="8" y="${ground + 60}">deployed ◆</text>
<line class="axis" x1="${gutter}" y1="${axis}" x2="${width}" y2="${axis}"></line>
${bars}${ends}${others}${asOf}${ticks}</svg></div>`;
}

function isHolding(kind: string): boolean {
  return kind === 'created' || kind === 'moved' || kind === 'restored';
}

function iso(time: number): string {
  return new Date(Math.round(time)).toISOString();
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
