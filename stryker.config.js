// The mutation score of one folder of the core, such as `MUTATION_FOLDER=ledger npm run mutation`: see docs/mutation.md.
const folder = process.env.MUTATION_FOLDER;

export default {
  mutate: [process.env.MUTATION_FILES ?? `src/${folder}/**/*.ts`],
  testRunner: 'unit',
  plugins: ['./mutation/unit-runner.js'],
  buildCommand: 'node mutation/bundle-tests.js',
  coverageAnalysis: 'perTest',
  // Node 22 runs the sources as they are; the compiler has nothing to prepare.
  tsconfigFile: 'tsconfig.none.json',
  concurrency: Number(process.env.MUTATION_PROCESSES ?? 2),
  // What runs for ever mostly comes by the changed place too often, which is noticed at once.
  timeoutMS: 10_000,
  timeoutFactor: 3,
  maxTestRunnerReuse: 200,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  jsonReporter: { fileName: `.mutation/${folder}.json` },
  clearTextReporter: { allowColor: false, logTests: false, allowEmojis: false },
  tempDirName: '.mutation/sandbox',
  ignorePatterns: ['dist', 'infra', 'package', '.mutation'],
};
