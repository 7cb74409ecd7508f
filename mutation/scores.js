// Prints what became of the changes in each folder that was tried, as a table: `npm run mutation-scores`, `-- --survivors FOLDER`.
import { glob, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

const [option, wanted] = process.argv.slice(2);
const reports = (await Array.fromAsync(glob('.mutation/*.json'))).sort();
if (reports.length === 0) throw new Error('nothing was tried yet: MUTATION_FOLDER=registry npm run mutation');

async function changesOf(report) {
  const { files } = JSON.parse(await readFile(report, 'utf8'));
  return Object.entries(files).flatMap(([file, { mutants, source }]) =>
    mutants.map((mutant) => ({
      ...mutant,
      file,
      line: source.split('\n')[mutant.location.start.line - 1]?.trim(),
    })),
  );
}

function score(changes) {
  const of = (...statuses) => changes.filter(({ status }) => statuses.includes(status)).length;
  const [found, survived, unseen] = [of('Killed', 'Timeout'), of('Survived'), of('NoCoverage')];
  const tried = found + survived + unseen;
  return { tried, found, survived, unseen, score: tried === 0 ? 0 : (100 * found) / tried };
}

const row = (name, { tried, found, survived, unseen, score: percent }) =>
  console.log(`| ${name} | ${tried} | ${found} | ${survived} | ${unseen} | ${percent.toFixed(1)} % |`);

if (option === '--survivors') {
  for (const { file, status, location, mutatorName, replacement, line } of await changesOf(
    `.mutation/${wanted}.json`,
  )) {
    if (status !== 'Survived' && status !== 'NoCoverage') continue;
    console.log(
      `${file}:${location.start.line}:${location.start.column} ${mutatorName}: ${line}\n    ${replacement}`,
    );
  }
} else {
  console.log('| Folder | Changes | Found | Survived | Come by no test | Score |\n| - | - | - | - | - | - |');
  const all = [];
  for (const report of reports) {
    const changes = await changesOf(report);
    all.push(...changes);
    row(`\`${basename(report, '.json')}/\``, score(changes));
  }
  row('all', score(all));
}
