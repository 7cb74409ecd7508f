import type { Instant } from '../../../src/history/instant.ts';
import { epoch } from '../../builders/facts.ts';

/** An instant so many minutes after the {@link epoch}. */
export function instantAt(minute: number, id = `at-${minute}`): Instant {
  return { time: epoch + minute * 60_000, id };
}
