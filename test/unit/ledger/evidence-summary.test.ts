import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { evidenceFormat } from '../../../src/ledger/evidence-pack.ts';
import { evidenceSummary } from '../../../src/ledger/evidence-summary.ts';
import { evidencePacks, released, waitingLeaf } from '../../builders/evidence-pack.ts';

type Summarised = Parameters<typeof evidenceSummary>[0];

let pack: Summarised;

beforeAll(async () => {
  const made = await (await evidencePacks()).pack();
  pack = { ...made, sections: { ...made.sections } };
});

const waiting = [{ leaf: waitingLeaf, reason: 'waiting' as const }];

/** The pack of a digest of which nothing is stated, in a log of which nobody has a checkpoint. */
function ofDigest(): Summarised {
  const { horizon: _, ...others } = pack;
  const { registry, repository } = pack.subject;
  return {
    ...others,
    subject: { registry, repository, digest: released.arm, parts: [] },
    logs: [{ registry, keys: ['one', 'two'], checkpoint: 'none' }],
    records: [],
    waiting,
    told: { uses: [{ name: 'api', endedAt: null }], usesCoverage: { complete: false, sources: ['aks'] } },
  };
}

/** What is between two marks of a summary, wherever they come. */
const between = (html: string, begin: string, end: string) =>
  html
    .split(begin)
    .slice(1)
    .map((rest) => rest.split(end)[0] ?? '');

/** Names with what is said of them, as a summary lists them. */
function said(html: string): object {
  const [names, values] = [between(html, '<dt>', '</dt>'), between(html, '<dd>', '</dd>')];
  return Object.fromEntries(names.map((name, place) => [name, values[place]]));
}

/** The rows of a section, each with its cells; the first has their names. */
function rowsIn(html: string, title: string): readonly (readonly string[])[] {
  const [section = ''] = between(html, `<h2>${title}</h2>`, '<h2>');
  return between(section, '<tr>', '</tr>').map((row) =>
    between(row, '<t', '</t').map((cell) => cell.replace(/^[^>]*>/, '')),
  );
}

describe('the summary of a pack', () => {
  const hostile = '</td><script>alert(1)</script><img src=x onerror="alert(2)">\u202e\u0000\'';

  it('when texts from outside hold markup, it is shown as text', () => {
    const sections = {
      ...pack.sections,
      timeline: [{ records: [1], what: hostile, [hostile]: { a: [hostile] } }],
    };
    const subject = { ...pack.subject, repository: hostile };
    const told = { uses: [{ name: hostile }], [hostile]: hostile };
    const html = evidenceSummary({
      ...pack,
      subject,
      sections,
      told,
      logs: [{ registry: hostile, keys: [hostile], checkpoint: hostile }],
    });
    for (const text of ['<script', '<img', '\u202e', '\u0000']) expect(html).not.toContain(text);
    const tags = new Set([...html.matchAll(/<\/?([a-z0-9!]+)/gi)].map(([, name]) => name));
    expect([...tags].sort()).toEqual(
      [
        '!doctype',
        'body',
        'code',
        'dd',
        'dl',
        'dt',
        'h1',
        'h2',
        'head',
        'html',
        'li',
        'meta',
        'p',
        'style',
        'table',
        'tbody',
        'td',
        'th',
        'thead',
        'title',
        'tr',
        'ul',
      ].sort(),
    );
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain("default-src 'none'");
  });

  it.each([
    ['a release', () => ({ ...pack, logs: [] }), '7fdfac73e42b1ce7'],
    ['a digest of which little is known', ofDigest, '7f7035cb7ad5d3f4'],
  ])(
    'when the format is the same, so is the summary of %s: one that was handed out has to verify for ever',
    (_, of, hash) => {
      const html = evidenceSummary(of());
      // Another hash is another format: give it a new number, and go on making this summary for packs of this one.
      expect(createHash('sha256').update(html).digest('hex').slice(0, 16)).toBe(hash);
      expect(evidenceFormat).toBe('acr-audit-evidence/1');
    },
  );

  it('when it tells of what was approved, found and scanned, it says who and when, and by which entry of the log', () => {
    const html = evidenceSummary(pack);
    for (const text of [
      'Release manager',
      'LockRemoved',
      'trivy',
      '2026-05-02T14:30:00.000Z',
      'P1D',
      pack.subject.digest,
    ]) {
      expect(html).toContain(text);
    }
  });

  it('when a tag was asked for, it says what it was, as of when, and until when its history is complete', () => {
    const html = evidenceSummary({ ...pack, logs: [] });
    expect(between(html, '<h1>', '</h1>')).toEqual(['Evidence for contoso.azurecr.io/team/app:prod']);
    expect(between(html, '<title>', '</title>')).toEqual(between(html, '<h1>', '</h1>'));
    expect(said(html)).toEqual({
      Digest: released.index,
      Registry: 'contoso.azurecr.io',
      Repository: 'team/app',
      Tag: 'prod',
      'As of': '2026-05-02T14:05:00.000Z',
      Parts: [released.amd, released.arm].sort().join('\n'),
      'Made at': '2026-05-02T16:00:00.000Z',
      'History complete until': '2026-05-02T14:30:00.000Z (log index 10)',
      'Records proven': '10',
      'Records that wait to be sealed': '0',
    });
    expect(html).not.toContain('Nothing proves the records that wait');
  });

  it('when nothing is stated of a digest, and a record of it waits, it says that', () => {
    const html = evidenceSummary(ofDigest());
    expect(said(html)).toEqual({
      Digest: released.arm,
      Registry: 'contoso.azurecr.io',
      Repository: 'team/app',
      Parts: 'none',
      'Made at': '2026-05-02T16:00:00.000Z',
      'History complete until': 'not stated by the log',
      'Records proven': '0',
      'Records that wait to be sealed': '1',
      Log: 'acr-audit/contoso.azurecr.io',
      'Entries at the checkpoint': 'unknown',
      'Keys, as the service told them': 'one\ntwo',
      Checkpoint: 'none',
      usesCoverage: 'complete: false\nsources: aks',
    });
    expect(html).toContain('Nothing proves the records that wait to be sealed');
  });

  it('when it comes with a checkpoint, it says of how many entries that is, and shows it', () => {
    const [{ checkpoint } = { checkpoint: '' }] = pack.logs;
    expect(said(evidenceSummary(pack))).toMatchObject({
      'Entries at the checkpoint': '11',
      Checkpoint: checkpoint,
    });
  });

  it('when it is read from the top, it answers the usual questions, and then has each section, empty or not', () => {
    const html = evidenceSummary({ ...pack, sections: { ...pack.sections, uses: 'none' } });
    expect(between(html, '<h2>', '</h2>')).toEqual([
      'At a glance',
      'Logs',
      'Timeline',
      'Manifests, as they were read',
      'Approvals',
      'Legal holds',
      'Locks',
      'Scan results',
      'Findings',
      'Uses, as judged when something was deleted',
      'Retention and restoring',
      'Handovers of the log to other keys',
      'Other records',
      'Told, in no log',
    ]);
    expect(between(html, '<li>', '</li>')).toContain('Legal holds: none.');
    const empty = between(html, '<h2>', '<h2>').filter((section) => section.includes('<p>No record.</p>'));
    expect(empty.map((section) => section.split('<')[0])).toEqual([
      'Legal holds',
      'Uses, as judged when something was deleted',
      'Retention and restoring',
      'Handovers of the log to other keys',
      'Other records',
    ]);
    expect(html.split('\n').filter((line) => line === '<p>No record.</p>')).toHaveLength(5);
  });

  it('when rows have other names than one another, each name has its column, in words where there are some', () => {
    const locks = [
      { records: [5, 'late'], occurredAt: 'now', what: 'lock-set' },
      { records: [6], recordedAt: 'then', notBefore: 'before', of: 'part', empty: null },
      'no row',
      null,
      ['no row'],
    ];
    expect(rowsIn(evidenceSummary({ ...pack, sections: { ...pack.sections, locks } }), 'Locks')).toEqual([
      ['log index', 'when', 'what', 'recorded at', 'not before', 'manifest', 'empty'],
      ['5\nlate', 'now', 'lock-set', '', '', '', ''],
      ['6', '', '', 'then', 'before', 'part', ''],
    ]);
  });

  it('when something has parts, it is told by their names, those of parts in brackets', () => {
    const content = {
      tag: 'prod',
      after: { canDelete: false, by: { name: 'ci', of: undefined } },
      counts: [1, { high: 2, low: [3, 4] }],
      gone: undefined,
    };
    const others = [{ content, list: [['a', 'b'], { c: 1, d: null }] }];
    expect(rowsIn(evidenceSummary({ ...pack, sections: { others } }), 'Other records')[1]).toEqual([
      'tag: prod\nafter: {canDelete: false; by: {name: ci}}\ncounts: 1, high: 2; low: 3, 4',
      'a, b\nc: 1; d: ',
    ]);
  });

  it('when a word of a cell is longer than its column, it may be broken', () => {
    const locks = [{ fits: `${'a'.repeat(32)} ${'b'.repeat(32)}`, breaks: `of ${'c'.repeat(33)}` }];
    const html = evidenceSummary({ ...pack, sections: { locks } });
    expect(html).toContain(`<td>${'a'.repeat(32)} `);
    expect(html).toContain(`<td class="long">of ${'c'.repeat(33)}</td>`);
  });

  it('when inventories told of uses, those are told apart from what is proven, with how much was covered', () => {
    expect(rowsIn(evidenceSummary(ofDigest()), 'Told, in no log')).toEqual([
      ['name', 'endedAt'],
      ['api', ''],
    ]);
    const untold = evidenceSummary({ ...pack, told: { uses: 'many' } });
    expect(rowsIn(untold, 'Told, in no log')).toEqual([[]]);
    expect(untold).toContain('Nothing below is proven');
  });
});
