import { readFileSync } from 'node:fs';

/*
 * Loaded before a host (`node --import`), this has it live by a clock that is wrong by as many milliseconds as the file that
 * `CLOCK_FILE` names says. The file is looked at again and again, so that a clock can jump while the host runs.
 */
const file = process.env['CLOCK_FILE'];
const RealDate = Date;
const realNow = Date.now.bind(Date);
const lookEveryMs = 20;
let lookedAt = Number.NEGATIVE_INFINITY;
let wrongBy = 0;

function now(): number {
  if (file !== undefined && performance.now() - lookedAt > lookEveryMs) {
    lookedAt = performance.now();
    wrongBy = Number(readFileSync(file, 'utf8'));
  }
  return realNow() + wrongBy;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
});
RealDate.now = now;
