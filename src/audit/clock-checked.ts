import type { ClockCheck } from './ports.ts';

/**
 * Has a use case refused, with the fault of the check, by an instance whose clock is wrong: what it dates counts for months, and
 * nobody looks at its date again.
 */
export function clockChecked(check: ClockCheck) {
  return <A extends readonly unknown[], R>(use: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await check();
      return use(...args);
    };
}
