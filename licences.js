// Lists what is installed and under which licence, as the packages themselves state it: `node licences.js [--json]`. Direct
// dependencies by name, all packages of the lockfile by licence. Ends with 1 where a package states none, or where one that
// may be in a bundle has a licence that asks for more than its notice.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** SPDX ids (https://spdx.org/licenses/) of licences that ask for no more than that their text is kept, of what is unchanged. */
const permissive = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'PSF-2.0',
  'Unlicense',
]);

const { values: asked } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const project = JSON.parse(await readFile('package.json', 'utf8'));
const lockfile = JSON.parse(await readFile('package-lock.json', 'utf8'));

const kinds = { runtime: 'dependencies', development: 'devDependencies', optional: 'optionalDependencies' };
const direct = Object.entries(kinds).flatMap(([kind, field]) =>
  Object.entries(project[field] ?? {}).map(([name, asked]) => ({ kind, name, asked })),
);

const packages = await Promise.all(
  Object.entries(lockfile.packages)
    .filter(([folder]) => folder !== '')
    .map(async ([folder, { dev = false, devOptional = false, version }]) => {
      const stated = await statedBy(folder);
      const name = folder.split('node_modules/').at(-1);
      return { folder, name, version, mayShip: !dev && !devOptional, ...stated };
    }),
);
const installed = packages.filter(({ isInstalled }) => isInstalled);
const listed = direct.map((one) => {
  const found = packages.find(({ folder }) => folder === `node_modules/${one.name}`);
  return { ...one, version: found?.version, licence: found?.licence };
});
const problems = installed.flatMap(({ name, version, licence, mayShip }) => {
  if (licence === undefined) return [`${name} ${version} states no licence`];
  return mayShip && !isPermissive(licence) ? [`${name} ${version} may be bundled and is ${licence}`] : [];
});

if (asked.json) console.log(JSON.stringify({ direct: listed, packages: installed, problems }, undefined, 2));
else print();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

/** What an installed package says of itself; those of other platforms are not there. */
async function statedBy(folder) {
  try {
    const { version, license, licenses } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return { isInstalled: true, version, licence: textOf(license ?? licenses) };
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return { isInstalled: false };
  }
}

/** Old packages give an object, or a list of several of which one may choose. */
function textOf(stated) {
  if (Array.isArray(stated)) return stated.map(textOf).join(' OR ') || undefined;
  if (typeof stated === 'object' && stated !== null) return stated.type;
  return stated || undefined;
}

/** Whether one of the choices of an expression is permissive in all its parts. */
function isPermissive(expression) {
  return expression
    .replace(/[()]/g, '')
    .split(/ OR /)
    .some((choice) => choice.split(/ AND /).every((one) => permissive.has(one.trim())));
}

function print() {
  for (const { kind, name, version, licence } of listed) {
    console.log([kind, name, version ?? '', licence ?? 'not installed here'].join('\t'));
  }
  const counts = new Map();
  for (const { licence = 'none stated', mayShip } of installed) {
    const key = `${licence}\t${mayShip ? 'may be bundled' : 'development only'}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  console.log();
  for (const [key, count] of [...counts].sort(([, one], [, other]) => other - one)) {
    console.log(`${count}\t${key}`);
  }
  console.log(`\n${installed.length} installed of ${packages.length} packages of the lockfile`);
}
