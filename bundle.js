// Bundles what is deployed: the app, and beside it a bundle of each module that `src` imports on demand, so that SDKs which
// are seldom needed cost nothing at start. `node bundle.js [directory] [entry]`: `dist` and `src/main.ts` unless told.
import { copyFile, readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { build } from 'esbuild';

const [outdir = 'dist', main = 'src/main.ts'] = process.argv.slice(2);
const options = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minify: true,
  keepNames: true,
  mainFields: ['module', 'main'],
  sourcemap: true,
  // Blob Storage's other list format, which is never asked for, would come with its reader.
  external: ['@azure/functions-core', 'apache-arrow'],
  logLevel: 'warning',
  // As `require`, which knows the names that a bundle exports.
  supported: { 'dynamic-import': false },
};

const bundleOf = (path) => basename(path).replace(/\.ts$/, '.cjs');

/** Makes modules of `src` that are imported on demand bundles of their own; `found` takes their paths. */
function onDemand(found) {
  return {
    name: 'on-demand',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, async ({ kind, path, resolveDir, importer, pluginData }) => {
        if (kind !== 'dynamic-import' || pluginData === 'resolved') return undefined;
        const target = await resolve(path, { kind, importer, resolveDir, pluginData: 'resolved' });
        if (target.errors.length > 0) return { errors: target.errors };
        found.add(relative('.', target.path));
        return { path: `./${bundleOf(path)}`, external: true };
      });
    },
  };
}

const built = new Set();
let waiting = [main];
while (waiting.length > 0) {
  const found = new Set();
  for (const entry of waiting) {
    built.add(entry);
    await build({
      ...options,
      entryPoints: [entry],
      outfile: join(outdir, entry === main ? 'main.cjs' : bundleOf(entry)),
      plugins: [onDemand(found)],
    });
  }
  waiting = [...found].filter((entry) => !built.has(entry));
}

// The queries that Resource Graph is asked are files of their own.
for (const name of await readdir('src/inventory')) {
  if (name.endsWith('.kql')) await copyFile(join('src/inventory', name), join(outdir, name));
}
