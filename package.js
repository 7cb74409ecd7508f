// Makes what azd deploys (azure.yaml): the bundles, host.json, a bare package.json and, where they are there, the policy and
// the sources of the inventory. `node package.js [directory]`: `dist/package` unless told. Beside it a zip of the same, for
// who deploys without azd. The same commit makes the same bytes, whenever and wherever it is packaged.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';

const directory = process.argv[2] ?? join('dist', 'package');
const { name, version, main, engines } = JSON.parse(await readFile('package.json', 'utf8'));

await rm(directory, { recursive: true, force: true });
const bundles = join(directory, dirname(main));
await promisify(execFile)(process.execPath, ['bundle.js', bundles]);
for (const file of await readdir(bundles)) {
  const path = join(bundles, file);
  if (file.endsWith('.map')) await rm(path);
  else if (file.endsWith('.cjs')) await writeFile(path, withoutMap(await readFile(path, 'utf8')));
}

await copyFile('host.json', join(directory, 'host.json'));
const bare = { name, version, private: true, main, engines };
await writeFile(join(directory, 'package.json'), `${JSON.stringify(bare, undefined, 2)}\n`);
for (const path of configured()) {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await copyFile(path, join(directory, path));
}
await writeFile(`${directory}.zip`, zipSync(await contents(), { level: 9 }));

/** A map tells where sources were, and what is in them: the build that `npm run build` makes of the same commit has it. */
function withoutMap(code) {
  return code.replace(/\n\/\/# sourceMappingURL=\S*\s*$/, '\n');
}

/** Files by which an operator says what is protected and what is asked (docs/deployment.md). */
function configured() {
  const named = [
    process.env['ACR_AUDIT_POLICY'] || 'policy.json',
    process.env['ACR_AUDIT_INVENTORY'] || 'inventory.json',
  ];
  for (const path of named) {
    if (isAbsolute(path) || normalize(path).startsWith('..')) {
      throw new Error(`${path} is not below the root of the project, so it cannot be packaged`);
    }
  }
  return named.filter((path) => existsSync(path));
}

/** Every file in the order of names, each of the same time: what is zipped twice is the same. */
async function contents() {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) =>
    join(entry.parentPath, entry.name).slice(normalize(directory).length + 1),
  );
  const zipped = {};
  for (const path of paths.sort()) {
    // A zip has no zone: in the local one, the first day that it knows is the same everywhere.
    zipped[path.replaceAll('\\', '/')] = [
      await readFile(join(directory, path)),
      { mtime: new Date(1980, 0, 1) },
    ];
  }
  return zipped;
}
