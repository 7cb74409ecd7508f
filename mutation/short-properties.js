// fast-check, with at most 25 cases of each property: a change that survives them was tried by all of the tests, hundreds of times
// slower than one that is found.
import * as all from 'fast-check-itself';

const most = 25;
const short = (parameters) => ({ ...parameters, numRuns: Math.min(parameters?.numRuns ?? most, most) });

export default {
  ...all,
  assert: (property, parameters) => all.assert(property, short(parameters)),
};
