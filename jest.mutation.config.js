// The tests that Stryker runs for each change of a folder of the core: those that ask that folder itself.
import config from './jest.config.js';

const { globalSetup: _, reporters: __, ...rest } = config;

export default {
  ...rest,
  testMatch: [`<rootDir>/test/unit/${process.env.MUTATION_FOLDER}/**/*.test.ts`],
  maxWorkers: 1,
};
