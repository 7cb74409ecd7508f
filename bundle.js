// Bundles what is deployed: the app, and beside it a bundle of each module that `src` imports on demand, so that SDKs which
// are seldom needed cost nothing at start. `node bundle.js [directory] [entry]`: without either, the app and the command
// `acr-audit` to `dist`; with a directory alone, the app, which is all that is deployed.
import { chmod, copyFile, readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { build } from 'esbuild';

const [outdir = 'dist', entry = 'src/main.ts'] = process.argv.slice(2);
const command = process.argv.length === 2 ? [{ main: 'src/cli/main.ts', name: 'cli.cjs' }] : [];
const options = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minify: true,
  // The SDK of Blob Storage knows some of its classes by their names.
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

/** Bundles an entry to a file of a name, and each module that it imports on demand. */
async function bundle(main, name) {
  const built = new Set();
  let waiting = [main];
  while (waiting.length > 0) {
    const found = new Set();
    for (const path of waiting) {
      built.add(path);
      await build({
        ...options,
        entryPoints: [path],
        outfile: join(outdir, path === main ? name : bundleOf(path)),
        plugins: [onDemand(found)],
      });
    }
    waiting = [...found].filter((path) => !built.has(path));
  }
}

await bundle(entry, 'main.cjs');
for (const { main, name } of command) {
  await bundle(main, name);
  await chmod(join(outdir, name), 0o755);
}

// The queries that Resource Graph is asked are files of their own.
for (const name of await readdir('src/inventory')) {
  if (name.endsWith('.kql')) await copyFile(join('src/inventory', name), join(outdir, name));
}
