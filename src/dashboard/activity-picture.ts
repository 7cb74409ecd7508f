import { html } from 'hono/html';
import type { Fact } from '../history/fact.ts';
import type { Html } from './html.ts';

const dayMs = 86_400_000;

/** What happened on a day, in UTC. */
interface Day {
  /** Epoch milliseconds at which it begins. */
  readonly from: number;
  readonly pushed: number;
  readonly removed: number;
  /** Whether what was read reaches back over all of it. */
  readonly isWhole: boolean;
}

/** Days up to today with how much happened on each. `isCut`: older facts there may be were not read. */
export function daysOf(facts: readonly Fact[], now: number, count: number, isCut: boolean): readonly Day[] {
  const today = Math.floor(now / dayMs) * dayMs;
  const oldest = Math.min(...facts.map(({ at }) => at.time));
  return Array.from({ length: count }, (_, place) => {
    const from = today - (count - 1 - place) * dayMs;
    const those = facts.filter(({ at }) => at.time >= from && at.time < from + dayMs);
    const pushed = those.filter(({ action }) => action === 'push').length;
    return { from, pushed, removed: those.length - pushed, isWhole: !isCut || from > oldest };
  });
}

const [width, height, ground, tallest] = [720, 200, 150, 110];

/** The last days as bars: what was pushed, and what was removed. */
export function activityPicture(days: readonly Day[]): Html {
  const most = Math.max(1, ...days.map(({ pushed, removed }) => Math.max(pushed, removed)));
  const step = width / days.length;
  const told = days.map(
    ({ from, pushed, removed, isWhole }) =>
      `${dayName(from)}: ${isWhole ? '' : 'at least '}${pushed} pushed, ${removed} removed`,
  );
  const bars = days.map(({ from, pushed, removed, isWhole }, place) => {
    const left = place * step + step * 0.15;
    const bar = (count: number, at: number, kind: string) => {
      const tall = Math.round((count / most) * tallest);
      return html`<rect class="bar ${kind}" x="${at}" y="${ground - tall}" width="${step * 0.3}" height="${tall}"></rect><text x="${at + step * 0.15}" y="${ground - tall - 4}" text-anchor="middle">${count}${isWhole ? '' : '+'}</text>`;
    };
    return html`<g>${bar(pushed, left, '')}${bar(removed, left + step * 0.35, 'gone')}<text class="quiet" x="${left + step * 0.35}" y="${ground + 20}" text-anchor="middle">${dayName(from)}</text></g>`;
  });
  return html`<div class="picture" tabindex="0" role="region" aria-label="Activity by day"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${told.join('; ')}">
<line class="axis" x1="0" y1="${ground}" x2="${width}" y2="${ground}"></line>${bars}
<rect class="bar" x="4" y="${ground + 30}" width="10" height="8"></rect><text x="20" y="${ground + 39}">pushed</text><rect class="bar gone" x="84" y="${ground + 30}" width="10" height="8"></rect><text x="100" y="${ground + 39}">deleted or untagged</text>
</svg></div>`;
}

function dayName(from: number): string {
  return new Date(from).toISOString().slice(5, 10);
}
