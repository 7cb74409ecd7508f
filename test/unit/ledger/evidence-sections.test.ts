import { describe, expect, it } from '@jest/globals';
import { statedAttribution } from '../../../src/history/attribution-plan.ts';
import type { Statement } from '../../../src/history/statement.ts';
import { sectionNames, sectionsOf } from '../../../src/ledger/evidence-sections.ts';
import { evidenceLeaf, factLeaf, statementLeaf } from '../../builders/evidence-leaf.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [digest, part, other] = [digestOf('index'), digestOf('arm'), digestOf('other')];
const subject = { registry: 'contoso.azurecr.io', repository: 'team/app', digest, parts: [part] };

/** RFC 3339, so many minutes after the epoch. */
const timeAt = (minute: number) => new Date(epoch + minute * 60_000).toISOString();

type Leaves = Parameters<typeof sectionsOf>[1];
const sections = (...leaves: Leaves) => sectionsOf(subject, leaves);

/** A row of a section that tells of one statement. */
const asTold = (record: number | string, minute: number, what: string, content: object) => ({
  records: [record],
  occurredAt: timeAt(minute),
  recordedAt: timeAt(minute),
  what,
  content,
});

/** A step of a row that tells of several. */
const step = (record: number | string, minute: number, what: string, content: object) => ({
  record,
  occurredAt: timeAt(minute),
  what,
  content,
});

describe('the timeline of evidence', () => {
  it('when a fact is known whole, so is its row, with the times as people read them', () => {
    const known = factLeaf(3, 10, {
      digest,
      tag: 'prod',
      notBefore: epoch,
      recordedAt: epoch + 660_000,
      source: 'reconcile',
      client: { actor: 'token', userAgent: 'docker' },
      mediaType: 'application/vnd.oci.image.index.v1+json',
      size: 1_024,
      notes: ['shortened'],
    });
    expect(sections(known).timeline).toEqual([
      {
        records: [3],
        occurredAt: timeAt(10),
        notBefore: timeAt(0),
        recordedAt: timeAt(11),
        what: 'push',
        tag: 'prod',
        digest,
        of: 'itself',
        source: 'reconcile',
        client: { actor: 'token', userAgent: 'docker' },
        mediaType: 'application/vnd.oci.image.index.v1+json',
        size: 1_024,
        notes: ['shortened'],
      },
    ]);
  });

  it('when little is known, nothing else is said; a digest is the image’s own, a part’s, or another’s', () => {
    const facts = [digest, part, other].map((one, place) => factLeaf(place, place, { digest: one }));
    const row = { recordedAt: timeAt(0), what: 'push', source: 'event' };
    // Names without a value would be there too, were they told.
    expect(sections(...facts).timeline).toStrictEqual([
      { records: [0], occurredAt: timeAt(0), ...row, digest, of: 'itself' },
      { records: [1], occurredAt: timeAt(1), ...row, digest: part, of: 'part' },
      { records: [2], occurredAt: timeAt(2), ...row, digest: other, of: 'another' },
    ]);
  });

  it('when things did not happen in the order of the log, they are told as they happened', () => {
    const rows = sections(
      factLeaf(1, 20, { digest }),
      factLeaf(2, 10, { digest, action: 'delete' }),
    ).timeline;
    expect(rows).toMatchObject([
      { records: [2], what: 'delete' },
      { records: [1], what: 'push' },
    ]);
  });

  const pushed = recordOf(fact('push', 0, { digest, tag: 'prod' }));
  const attributed = statedAttribution(
    pushed,
    {
      identity: 'ci',
      at: epoch,
      certainty: 'certain',
      evidence: { table: 'ContainerRegistryRepositoryEvents', operation: 'Push' },
    },
    epoch + 60_000,
  );

  it('when the registry’s log told who did it, the row says so, and rests on that record as well', () => {
    const { timeline, others } = sections(evidenceLeaf(attributed, 'late'), evidenceLeaf(pushed, 1));
    expect(timeline).toMatchObject([{ records: [1, 'late'], waiting: true, by: { identity: 'ci' } }]);
    expect(others).toEqual([]);
    expect(sections(evidenceLeaf(pushed, 1)).timeline).not.toMatchObject([{ by: expect.anything() }]);
  });

  it('when who did it was told of a record that is not there, that is a row of its own, after the others', () => {
    const rows = sections(evidenceLeaf(attributed, 0), factLeaf(1, 10, { digest })).timeline;
    expect(rows).toMatchObject([
      { records: [1], what: 'push' },
      { records: [0], what: 'attributed', content: { recordId: 'push', attribution: { identity: 'ci' } } },
    ]);
  });
});

describe('the sections of evidence', () => {
  it.each([
    ['manifest-described', 'manifests'],
    ['approval-requested', 'approvals'],
    ['hold-placed', 'holds'],
    ['lock-set', 'locks'],
    ['locks-seen', 'locks'],
    ['unlock-refused', 'locks'],
    ['finding-opened', 'findings'],
    ['deletion-judged', 'uses'],
    ['key-handover', 'keys'],
    ['retention-done', 'retention'],
    ['restore-done', 'retention'],
    ['a-lock-set', 'others'],
    ['not-retention-done', 'others'],
    ['manifest', 'others'],
  ])('when something is %s, it is told among the %s alone', (kind, name) => {
    const told = sections(statementLeaf(4, 1, kind));
    expect(Object.keys(told)).toEqual([...sectionNames]);
    expect(Object.entries(told).filter(([, rows]) => rows.length > 0)).toMatchObject([
      [name, [{ records: [4] }]],
    ]);
  });

  it('when a statement is told as it is, that is all of it, and no more', () => {
    const content = { tag: 'prod', after: { canDelete: false }, before: null };
    const notBefore = epoch + 30_000;
    expect(
      sections(statementLeaf(4, 1, 'lock-set', { content }), statementLeaf(5, 2, 'lock-set', { notBefore }))
        .locks,
    ).toStrictEqual([
      asTold(4, 1, 'lock-set', content),
      { ...asTold(5, 2, 'lock-set', {}), notBefore: timeAt(0.5) },
    ]);
  });

  it('when a record waits to be sealed, each row that rests on it says so', () => {
    const finding = (status: string) => ({ content: { finding: 'f1', status } });
    const told = sections(
      statementLeaf('late', 1, 'lock-set'),
      statementLeaf(3, 1, 'finding-opened', finding('open')),
      statementLeaf('later', 2, 'finding-resolved', finding('resolved')),
    );
    expect(told.locks).toMatchObject([{ records: ['late'], waiting: true }]);
    expect(told.findings).toMatchObject([{ records: [3, 'later'], waiting: true, status: 'resolved' }]);
  });
});

const stated = (key: string, content?: { readonly [name: string]: string }) => ({
  states: [{ key, ...(content === undefined ? {} : { content }) }],
});

describe('what became of approvals and holds', () => {
  it.each([
    ['approvals', 'approval', 'approval', 'a|'],
    ['holds', 'hold', 'hold', 'h|'],
  ] as const)(
    'when there are several %s, each has its newest state, and its steps',
    (section, kind, name, prefix) => {
      const of = (ref: number, minute: number, id: string, state: string, more: Partial<Statement> = {}) =>
        statementLeaf(ref, minute, `${kind}-${state}`, {
          content: { by: state },
          ...stated(`${prefix}${id}`, { id, state }),
          ...more,
        });
      const both = [
        { key: 'k|lock', content: { state: 'locked' } },
        { key: `${prefix}two`, content: { id: 'two', state: 'begun' } },
      ];
      const rows = sections(
        of(1, 1, 'one', 'placed'),
        of(2, 2, 'two', 'begun', { states: both }),
        of(3, 3, 'one', 'ended'),
      )[section];
      expect(rows).toStrictEqual([
        {
          records: [1, 3],
          [name]: { id: 'one', state: 'ended' },
          steps: [
            step(1, 1, `${kind}-placed`, { by: 'placed' }),
            step(3, 3, `${kind}-ended`, { by: 'ended' }),
          ],
        },
        {
          records: [2],
          [name]: { id: 'two', state: 'begun' },
          steps: [step(2, 2, `${kind}-begun`, { by: 'begun' })],
        },
      ]);
    },
  );

  it('when nothing is left of a state, or a step states none, the steps are told alone', () => {
    const rows = sections(
      statementLeaf(1, 1, 'hold-placed', stated('h|h1', { id: 'h1' })),
      statementLeaf(2, 2, 'hold-ended', stated('h|h1')),
      statementLeaf(3, 3, 'hold-refused', stated('k|lock', { id: 'h1' })),
      statementLeaf(4, 4, 'hold-refused'),
    ).holds;
    expect(rows).toStrictEqual([
      { records: [1, 2], steps: [step(1, 1, 'hold-placed', {}), step(2, 2, 'hold-ended', {})] },
      { records: [3, 4], steps: [step(3, 3, 'hold-refused', {}), step(4, 4, 'hold-refused', {})] },
    ]);
  });
});

describe('what was found about an image', () => {
  const finding = (status: string, kind = 'VulnerableImageInUse', id = 'f1') => ({
    finding: id,
    ...{ kind, severity: 'high', status, tag: 'prod', digest },
  });

  it('when it changed, it is told as it is now, with each change', () => {
    const [open, resolved] = [finding('open', 'LockRemoved'), finding('resolved', 'LockRemoved')];
    const another = finding('open', 'TagMoved', 'f2');
    const { findings, scans } = sections(
      statementLeaf(1, 1, 'finding-opened', { content: open }),
      statementLeaf(2, 2, 'finding-opened', { content: another }),
      statementLeaf(3, 3, 'finding-resolved', { content: resolved }),
    );
    expect(findings).toStrictEqual([
      {
        records: [1, 3],
        ...resolved,
        steps: [step(1, 1, 'finding-opened', open), step(3, 3, 'finding-resolved', resolved)],
      },
      { records: [2], ...another, steps: [step(2, 2, 'finding-opened', another)] },
    ]);
    expect(scans).toEqual([]);
  });

  it('when it is a vulnerability, each change of it is among the scans as well', () => {
    const content = finding('open');
    const { findings, scans } = sections(statementLeaf(1, 1, 'finding-opened', { content }));
    expect(findings).toHaveLength(1);
    expect(scans).toStrictEqual([asTold(1, 1, 'finding-opened', content)]);
    const named = finding('open', 'NotVulnerable');
    expect(sections(statementLeaf(1, 1, 'finding-opened', { content: named })).scans).toEqual([]);
  });

  it('when approvals rest on scans, those are told as who asked for the approval told them, before what was found', () => {
    const scan = { tool: 'trivy', status: 'passed', counts: { critical: 0 } };
    const states = [
      { key: 'a|a1', content: { id: 'a1', digest, scan } },
      { key: 'a|a2', content: { id: 'a2', digest } },
      { key: 'a|a3' },
    ];
    const { scans } = sections(
      statementLeaf(1, 1, 'finding-opened', { content: finding('open') }),
      statementLeaf(2, 2, 'approval-requested', { states }),
      statementLeaf(3, 3, 'approval-protected', { states }),
      statementLeaf(4, 4, 'approval-requested'),
    );
    expect(scans).toStrictEqual([
      { records: [2], occurredAt: timeAt(2), what: 'scan', approval: 'a1', digest, content: scan },
      asTold(1, 1, 'finding-opened', finding('open')),
    ]);
  });
});

describe('what retention did with an image', () => {
  it('when a record names many items, those of the image and its parts are told', () => {
    const items = [{ digest, tag: 'prod' }, { digest: other }, { digest: part }, 'prod', null, [digest], {}];
    const content = { plan: 'p1', items };
    const { retention } = sections(
      statementLeaf(1, 1, 'retention-done', { content }),
      statementLeaf(2, 2, 'restore-done', { content: { plan: 'p1' } }),
    );
    expect(retention).toStrictEqual([
      asTold(1, 1, 'retention-done', { plan: 'p1', items: [{ digest, tag: 'prod' }, { digest: part }] }),
      asTold(2, 2, 'restore-done', { plan: 'p1' }),
    ]);
  });
});

describe('numbers in evidence', () => {
  const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

  it.each([
    ['at', epoch, timeAt(0)],
    ['verifiedAt', epoch, timeAt(0)],
    ['notAfter', epoch, timeAt(0)],
    ['verifiedAt', 0, '1970-01-01T00:00:00.000Z'],
    ['verifiedAt', latest, '9999-12-31T23:59:59.999Z'],
    ['verifiedAt', latest + 1, latest + 1],
    ['verifiedAt', -1, -1],
    ['verifiedAt', 0.5, 0.5],
    ['retainFor', 86_400_000, 'P1D'],
    ['monitoringWindow', 3_600_000, 'PT1H'],
    ['count', 86_400_000, 86_400_000],
    ['attempt', 1, 1],
  ])('when %s is %j, it is told as %j, however deep it is', (name, number, told) => {
    const content = { [name]: number, in: { [name]: number }, all: [{ [name]: number }, number, [number]] };
    expect(sections(statementLeaf(1, 1, 'lock-set', { content })).locks).toStrictEqual([
      asTold(1, 1, 'lock-set', {
        ...{ [name]: told, in: { [name]: told } },
        all: [{ [name]: told }, number, [number]],
      }),
    ]);
  });
});
