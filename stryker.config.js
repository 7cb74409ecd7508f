// The mutation score of one folder of the core, such as `MUTATION_FOLDER=ledger npm run mutation`: see docs/mutation.md.
const folder = process.env.MUTATION_FOLDER;

export default {
  mutate: [process.env.MUTATION_FILES ?? `src/${folder}/**/*.ts`],
  testRunner: 'command',
  buildCommand: 'node mutation/bundle-tests.js',
  commandRunner: { command: 'node .mutation/tests.cjs' },
  coverageAnalysis: 'off',
  // Node 22 runs the sources as they are; the compiler has nothing to prepare.
  tsconfigFile: 'tsconfig.none.json',
  concurrency: 2,
  // A busy machine must not make a slow test look like one that found something.
  timeoutMS: 20_000,
  timeoutFactor: 3,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  jsonReporter: { fileName: `.mutation/${folder}.json` },
  clearTextReporter: { allowColor: false, logTests: false, allowEmojis: false },
  tempDirName: '.mutation/sandbox',
  ignorePatterns: ['dist', 'infra', 'package', '.mutation'],
};
