import { describe, expect, it } from '@jest/globals';
import { readArguments } from '../../../bench/arguments.ts';

const known = ['round-trips', 'ingest', 'seal'];
const read = (...args: readonly string[]) => readArguments(args, known);

describe('when benches are asked for', () => {
  it('none is all of them', () => {
    expect(read()).toEqual({ outcome: 'read', value: { names: known, full: false, strict: false } });
  });

  it('some are run in the order that they are listed in, once', () => {
    expect(read('seal', 'round-trips', 'seal')).toMatchObject({ value: { names: ['round-trips', 'seal'] } });
  });

  it('flags may stand anywhere', () => {
    expect(read('--full', 'seal', '--json', 'a.json', '--strict', '--markdown=b.md')).toEqual({
      outcome: 'read',
      value: { names: ['seal'], full: true, strict: true, json: 'a.json', markdown: 'b.md' },
    });
  });

  it('an unknown one is refused with the list of those there are', () => {
    expect(read('seal', 'ingset', 'toString')).toEqual({
      outcome: 'refused',
      problem: 'No such bench: ingset, toString. There are round-trips, ingest, seal.\n',
    });
  });

  it.each([[['--jsn', 'a']], [['--json']], [['--json=']], [['--markdown', '']], [['--full=yes']]])(
    '%j is refused with what is wrong',
    (args) => {
      expect(read(...args)).toEqual({
        outcome: 'refused',
        problem: expect.stringContaining(args[0]?.split('=')[0] ?? ''),
      });
    },
  );

  it('help is help, whatever else is there', () => {
    expect(read('seal', '--help')).toEqual({ outcome: 'help' });
  });
});
