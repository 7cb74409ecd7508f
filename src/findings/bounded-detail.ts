import { cleanFreeText } from '../registry/free-text.ts';
import type { FindingDetail } from './finding.ts';

type DetailValue = FindingDetail[string];

/**
 * The detail with a JSON text of at most `limit` UTF-16 code units. Texts are made safe to show; then the longest value is
 * halved until all fit. Of a list that lost items, `<name>Omitted` tells how many.
 */
export function boundedDetail(detail: FindingDetail, limit: number): FindingDetail {
  const parts = new Map<string, DetailValue>(
    Object.entries(detail).map(([name, value]) => [name, cleaned(value, limit)]),
  );
  const told = () => withOmitted(parts, detail);
  while (JSON.stringify(told()).length > limit) halveLongest(parts);
  return told();
}

function cleaned(value: DetailValue, limit: number): DetailValue {
  const clean = (text: string) => cleanFreeText(text, limit).text;
  if (typeof value === 'string') return clean(value);
  return typeof value === 'object' ? value.map(clean) : value;
}

function halveLongest(parts: Map<string, DetailValue>): void {
  const [longest] = [...parts].sort(([, a], [, b]) => lengthOf(b) - lengthOf(a));
  if (longest === undefined) throw new RangeError('the limit is less than any detail has');
  const [name, value] = longest;
  if (typeof value === 'string' && value.length > 1) {
    parts.set(name, cleanFreeText(value, Math.floor(value.length / 2)).text);
  } else if (typeof value === 'object' && value.length > 0) {
    parts.set(name, value.slice(0, Math.floor(value.length / 2)));
  } else {
    // Nothing in it is long: there are too many.
    parts.delete(name);
  }
}

function lengthOf(value: DetailValue): number {
  return JSON.stringify(value).length;
}

function withOmitted(parts: ReadonlyMap<string, DetailValue>, detail: FindingDetail): FindingDetail {
  const omitted = [...parts].flatMap(([name, value]) => {
    const whole = detail[name];
    const count = typeof value === 'object' && typeof whole === 'object' ? whole.length - value.length : 0;
    return count === 0 ? [] : [[`${name}Omitted`, count] as const];
  });
  return Object.fromEntries([...parts, ...omitted]);
}
