import { describe, expect, it } from '@jest/globals';
import { stolenFigures } from '../../../bench/soak/report.ts';

const window = (stolen?: number) => ({
  cores: { host: 0.6, driver: 0.3, ...(stolen === undefined ? {} : { stolen }) },
});

describe('CPU that other machines had', () => {
  it('is told of the windows in which it was measured: not of the first', () => {
    const samples = [window(), window(0.4), window(0.7)];
    expect(stolenFigures(samples).map(({ value }) => value)).toEqual([0.7, 0.7]);
  });

  it('is not told to be none where it was not measured', () => {
    expect(stolenFigures([window(), window()])).toEqual([]);
  });
});
