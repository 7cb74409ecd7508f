// Makes one script of the unit tests of a folder of the core, `MUTATION_FOLDER`, which `unit-runner.js` reads anew for each change.
import { glob, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const folder = process.env.MUTATION_FOLDER;
/** Tests elsewhere that say what a folder's decisions amount to: of use cases over tables in memory, and of the policy's document. */
const further = {
  findings: ['test/component/findings/*.test.ts'],
  history: ['test/component/reconcile/observations.test.ts', 'test/unit/storage/keys.test.ts'],
  retention: ['test/unit/protection/policy.test.ts'],
  workloads: ['test/component/in-use/{assessments,coverage,deletions,vulnerabilities}.test.ts'],
};
const patterns = [`test/unit/${folder}/**/*.test.ts`, ...(further[folder] ?? [])];
const files = (await Array.fromAsync(glob(patterns))).sort();
if (files.length === 0)
  throw new Error(`MUTATION_FOLDER=${folder}: no such folder of the core, or none with tests`);

const outfile = '.mutation/tests.cjs';
const entry = ['test/property-seed.js', ...files].map((file) => `import ${JSON.stringify(resolve(file))};`);

await build({
  stdin: { contents: entry.join('\n'), resolveDir: process.cwd() },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  logLevel: 'error',
  outfile,
  // Loaded once: what they are does not change.
  external: ['jest-circus', 'expect', 'fast-check'],
  alias: { '@jest/globals': resolve('mutation/globals.js') },
});
const { size } = await stat(outfile);
console.log(`${files.length} files of tests, ${size} bytes`);
