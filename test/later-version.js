// Bundles the app to a directory as a later version of it might be: `node test/later-version.js DIRECTORY`. What it writes has
// columns, fields and kinds that the present version does not know.
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'esbuild';

const [outdir = ''] = process.argv.slice(2);

/** What the later version says instead, by file. */
const changes = {
  'src/storage/entry-codec.ts': [
    ['    ...factColumns(fact),\n', "    ...factColumns(fact),\n    later: 'later',\n"],
  ],
  'src/ledger/canonical-record.ts': [
    ['    ...others,\n', "    ...others,\n    later: { added: 'later' },\n"],
    ['    kind,\n    content,\n', "    kind,\n    content,\n    later: { added: 'later' },\n"],
  ],
  'src/storage/queue-message.ts': [
    ['JSON.stringify(message)', 'JSON.stringify({ ...message, later: { added: true } })'],
  ],
  'src/findings/kind.ts': [
    [
      'export const findingKinds = {\n',
      "export const findingKinds = {\n  LaterChange: { severity: 'medium', remedy: 'Later.', identity: [] },\n",
    ],
  ],
  'src/audit/reconcile-next.ts': [["findingOf('UnannouncedChange'", "findingOf('LaterChange'"]],
};

const later = {
  name: 'later',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const known = changes[relative('.', path)];
      if (known === undefined) return undefined;
      let contents = await readFile(path, 'utf8');
      for (const [now, then] of known) {
        if (!contents.includes(now)) throw new Error(`${path} has no longer ${now}`);
        contents = contents.replace(now, then);
      }
      return { contents, loader: 'ts' };
    });
  },
};

await build({
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  keepNames: true,
  mainFields: ['module', 'main'],
  external: ['@azure/functions-core', 'apache-arrow'],
  logLevel: 'error',
  entryPoints: ['src/main.ts'],
  outfile: join(outdir, 'main.cjs'),
  plugins: [later],
});
