import { readCheckpoint } from './checkpoint.ts';
import { evidenceGlance } from './evidence-glance.ts';
import { imageOf, type ReadPack } from './evidence-pack.ts';
import { type SectionName, sectionNames } from './evidence-sections.ts';
import { type Html, html } from './html.ts';
import { readNote } from './signed-note.ts';

/** What a summary is made of: whatever a pack says, believed or not. */
type Summarised = Pick<
  ReadPack,
  'madeAt' | 'subject' | 'logs' | 'records' | 'waiting' | 'horizon' | 'sections' | 'told'
>;

/**
 * The summary of a pack for people: one HTML page without script, without anything from elsewhere, in which everything is
 * encoded. It is a part of the pack's format: the same pack has the same summary for ever, so that it can be held to it.
 */
export function evidenceSummary(pack: Summarised): string {
  const { subject, madeAt, sections, told } = pack;
  const title = `Evidence for ${imageOf(subject)}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ html: style }}</style>
</head>
<body>
<h1>${title}</h1>
<dl>
${field('Digest', subject.digest)}${field('Registry', subject.registry)}${field('Repository', subject.repository)}${
  subject.tag === undefined ? [] : [field('Tag', subject.tag), field('As of', subject.at ?? '')]
}${field('Parts', subject.parts.length === 0 ? 'none' : subject.parts.join('\n'))}${field('Made at', madeAt)}${field(
  'History complete until',
  pack.horizon === undefined
    ? 'not stated by the log'
    : `${pack.horizon.comparedAt} (log index ${pack.horizon.record})`,
)}${field('Records proven', pack.records.length)}${field('Records that wait to be sealed', pack.waiting.length)}</dl>
${pack.waiting.length === 0 ? [] : [html`<p class="unproven">Nothing proves the records that wait to be sealed, nor any row marked so: ask again in some minutes.</p>`]}<p>A page proves nothing by itself. Verify the pack that it came with: <code>npm run verify -- --evidence FILE --key KEY</code>, with a key that was not taken from it. What it shows, and what it does not, is told in docs/evidence.md.</p>
<h2>At a glance</h2>
<ul>
${evidenceGlance(pack).map(
  (line) => html`<li>${line}</li>
`,
)}</ul>
<h2>Logs</h2>
${pack.logs.map(logPart)}${sectionNames.map((name) => sectionPart(name, sections[name]))}<h2>Told, in no log</h2>
<p class="unproven">Nothing below is proven: the inventories told it when the pack was made.</p>
${tablePart(Array.isArray(told['uses']) ? told['uses'] : [])}<dl>
${Object.entries(told).flatMap(([name, value]) => (name === 'uses' ? [] : [field(name, textOf(value))]))}</dl>
</body>
</html>
`.html;
}

const style =
  'body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem;color:#1b1b1f;background:#fff}' +
  'h2{margin-top:2rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:600}' +
  'dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}' +
  'th,td{border:1px solid #c7c7cf;padding:.3rem .5rem;text-align:left;vertical-align:top}' +
  '.long{overflow-wrap:anywhere;min-width:12rem}' +
  'td{white-space:pre-wrap;overflow-wrap:break-word}code{overflow-wrap:anywhere}.unproven{color:#8a1c00;font-weight:600}';

const titles: Readonly<Record<SectionName, string>> = {
  timeline: 'Timeline',
  manifests: 'Manifests, as they were read',
  approvals: 'Approvals',
  holds: 'Legal holds',
  locks: 'Locks',
  scans: 'Scan results',
  findings: 'Findings',
  uses: 'Uses, as judged when something was deleted',
  retention: 'Retention and restoring',
  keys: 'Handovers of the log to other keys',
  others: 'Other records',
};

const columnTitles: Readonly<Record<string, string>> = {
  records: 'log index',
  occurredAt: 'when',
  notBefore: 'not before',
  recordedAt: 'recorded at',
  of: 'manifest',
};

function field(name: string, value: string | number): Html {
  return html`<dt>${name}</dt><dd>${value}</dd>
`;
}

function logPart({ registry, keys, checkpoint }: ReadPack['logs'][number]): Html {
  const size = readCheckpoint(readNote(checkpoint)?.text ?? '')?.size ?? 'unknown';
  return html`<dl>
${field('Log', `acr-audit/${registry}`)}${field('Entries at the checkpoint', size)}${field('Keys, as the service told them', keys.join('\n'))}${field('Checkpoint', checkpoint)}</dl>
`;
}

function sectionPart(name: SectionName, rows: unknown): Html {
  const some: readonly unknown[] = Array.isArray(rows) ? rows : [];
  return html`<h2>${titles[name]}</h2>
${some.length === 0 ? html`<p>No record.</p>\n` : tablePart(some)}`;
}

/** A table of rows, with a column for each name that some row has. */
function tablePart(rows: readonly unknown[]): Html {
  const objects = rows.filter(isFields);
  const names = [...new Set(objects.flatMap((row) => Object.keys(row)))];
  return html`<table>
<thead><tr>${names.map((name) => html`<th scope="col">${columnTitles[name] ?? name}</th>`)}</tr></thead>
<tbody>
${objects.map(
  (row) => html`<tr>${names.map((name) => cellPart(textOf(row[name])))}</tr>
`,
)}</tbody>
</table>
`;
}

/** A cell; one with long words may break them anywhere, and is wide enough to be read. */
function cellPart(text: string): Html {
  return /\S{33}/.test(text) ? html`<td class="long">${text}</td>` : html`<td>${text}</td>`;
}

/** A value as text: objects by their names, lists line by line. */
function textOf(value: unknown, depth = 0): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map((one) => textOf(one, depth + 1)).join(depth === 0 ? '\n' : ', ');
  if (!isFields(value)) return String(value);
  const parts = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([name, one]) =>
      isFields(one) ? `${name}: {${textOf(one, depth + 1)}}` : `${name}: ${textOf(one, depth + 1)}`,
    );
  return parts.join(depth === 0 ? '\n' : '; ');
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
