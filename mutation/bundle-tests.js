// Makes one script of the unit tests of a folder of the core, `MUTATION_FOLDER`, for Stryker to run once for each change: jest
// itself takes seconds to begin. The tests are run by jest's own runner and matchers; only files, workers and reports are left out.
import { glob, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = process.env.MUTATION_FOLDER;
const files = (await Array.fromAsync(glob(`test/unit/${folder}/**/*.test.ts`))).sort();
if (files.length === 0)
  throw new Error(`MUTATION_FOLDER=${folder}: no such folder of the core, or none with tests`);

const entry = [
  `import { addEventHandler, run } from 'jest-circus';`,
  // The first failure is enough.
  `addEventHandler((event) => { if (event.name === 'test_done' && event.test.errors.length > 0) process.exit(1); });`,
  `import ${JSON.stringify(resolve('test/property-seed.js'))};`,
  ...files.map((file) => `import ${JSON.stringify(resolve(file))};`),
  `run().then(({ testResults, unhandledErrors }) => {`,
  `  const failed = testResults.filter(({ errors }) => errors.length > 0);`,
  `  for (const { testPath, errors } of failed) console.error(testPath.join(' '), errors[0]);`,
  `  process.exit(failed.length + unhandledErrors.length > 0 || testResults.length === 0 ? 1 : 0);`,
  `});`,
].join('\n');

await build({
  stdin: { contents: entry, resolveDir: process.cwd() },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  logLevel: 'error',
  outfile: '.mutation/tests.cjs',
  external: ['@babel/preset-typescript'],
  alias: {
    '@jest/globals': resolve('mutation/globals.js'),
    'fast-check': resolve('mutation/short-properties.js'),
    'fast-check-itself': fileURLToPath(import.meta.resolve('fast-check')),
  },
});
const { length } = await readFile('.mutation/tests.cjs');
console.log(`${files.length} files of tests, ${length} bytes`);
