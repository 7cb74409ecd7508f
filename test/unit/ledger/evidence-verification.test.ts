import { beforeAll, describe, expect, it } from '@jest/globals';
import { checkpointText } from '../../../src/ledger/checkpoint.ts';
import { evidenceSummary } from '../../../src/ledger/evidence-summary.ts';
import { verifyEvidence } from '../../../src/ledger/evidence-verification.ts';
import { formatNote } from '../../../src/ledger/signed-note.ts';
import { evidencePacks, released, waitingLeaf } from '../../builders/evidence-pack.ts';
import { noteSigner } from '../../builders/note-signer.ts';
import { digestOf } from '../../builders/registry-event.ts';

type Packs = Awaited<ReturnType<typeof evidencePacks>>;
type Pack = Awaited<ReturnType<Packs['pack']>>;

let packs: Packs;
let pack: Pack;

beforeAll(async () => {
  packs = await evidencePacks();
  pack = await packs.pack();
});

/** The pack with a value in another's place, by the names that lead to it; `undefined` takes it away. */
function changed(path: string, value: unknown, of: unknown = pack): unknown {
  const copy: unknown = structuredClone(of);
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = copy;
  for (const name of names) at = Reflect.get(Object(at), name);
  if (Array.isArray(at) && value === undefined) at.splice(Number(last), 1);
  else if (value === undefined) Reflect.deleteProperty(Object(at), last);
  else Reflect.set(Object(at), last, value);
  return copy;
}

const verify = (value: unknown) => verifyEvidence(value, [packs.key]);

describe('verifying evidence', () => {
  it('when nothing was changed, it tells what is proven, by which key, and until when history is complete', () => {
    expect(verify(JSON.parse(JSON.stringify(pack)))).toEqual({
      ok: true,
      image: 'contoso.azurecr.io/team/app:prod',
      digest: released.index,
      logs: [{ origin: packs.origin, size: 11, verifiedBy: pack.logs[0]?.keys }],
      proven: 10,
      waiting: 0,
      completeUntil: '2026-05-02T14:30:00.000Z',
      hasSummary: false,
    });
  });

  it('when the names of its objects come in another order, it is the same pack', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, one]) => [name, turned(one)]),
      );
    };
    expect(verify(turned(pack))).toMatchObject({ ok: true });
  });

  it('when a record waits to be sealed, it is told apart, and what rests on it says so', async () => {
    const waiting = await packs.pack({ waiting: [waitingLeaf] });
    expect(verify(waiting)).toMatchObject({ ok: true, proven: 10, waiting: 1 });
    expect(waiting.sections.locks).toMatchObject([{ records: [5] }, { records: ['late'], waiting: true }]);
    expect(verify(changed('sections.locks.1.waiting', undefined, waiting))).toMatchObject({
      ok: false,
      where: 'sections.locks[1]',
    });
    expect(verify(changed('waiting.0.leaf', waitingLeaf.replace('true', 'false'), waiting))).toMatchObject({
      where: 'sections.locks[1]',
    });
  });

  it('when its summary came with it, that has to be the one that the pack makes', async () => {
    const summary = evidenceSummary({ ...pack, sections: { ...pack.sections } });
    expect(verify({ ...pack, summary })).toMatchObject({ ok: true, hasSummary: true });
    expect(verify({ ...pack, summary: summary.replace('production', 'staging') })).toMatchObject({
      where: 'summary.html',
      problem: 'is not the summary of this pack',
    });
  });

  it.each<[string, () => unknown, string]>([
    [
      'a byte of a record',
      () => changed('records.3.leaf', pack.records[3]?.leaf.replace('release-1', 'release-2')),
      'records[3] (log index 4)',
    ],
    [
      'the text of a record in another spelling',
      () => changed('records.0.leaf', `${pack.records[0]?.leaf} `),
      'records[0] (log index 0)',
    ],
    [
      'a hash of a proof',
      () => changed('records.2.proof.0', pack.records[0]?.proof[0]),
      'records[2] (log index 3)',
    ],
    ['a hash of a proof left out', () => changed('records.2.proof.0', undefined), 'records[2] (log index 3)'],
    [
      'a hash of a proof that is no hash',
      () => changed('records.2.proof.0', 'AAAA'),
      'records[2] (log index 3)',
    ],
    ['the index of a record', () => changed('records.1.index', 2), 'records[1] (log index 2)'],
    ['an index beyond the log', () => changed('records.9.index', 11), 'records[9] (log index 11)'],
    ['a record twice', () => changed('records.1', pack.records[0]), 'records[1] (log index 0)'],
    [
      'two records swapped',
      () => changed('records', [pack.records[1], pack.records[0], ...pack.records.slice(2)]),
      'records[1] (log index 0)',
    ],
    ['a record left out, and what it says', () => changed('records.7', undefined), 'sections.timeline[2]'],
    [
      'a record of a log that is not there',
      () => changed('records.0.registry', 'fabrikam.azurecr.io'),
      'records[0] (log index 0)',
    ],
    [
      'the size of the checkpoint',
      () => changed('logs.0.checkpoint', pack.logs[0]?.checkpoint.replace('\n11\n', '\n12\n')),
      'logs[0]',
    ],
    ['no checkpoint', () => changed('logs', []), 'records[0] (log index 0)'],
    ['a checkpoint twice', () => changed('logs', [pack.logs[0], pack.logs[0]]), 'logs[1]'],
    ['the registry of the checkpoint', () => changed('logs.0.registry', 'fabrikam.azurecr.io'), 'logs[0]'],
    ['no record at all', () => changed('horizon', undefined, changed('records', [])), 'records'],
    ['the horizon', () => changed('horizon.comparedAt', '2026-05-03T00:00:00.000Z'), 'horizon'],
    ['the record of the horizon', () => changed('horizon.record', 1), 'records[9] (log index 10)'],
    ['the horizon left out', () => changed('horizon', undefined), 'records[9] (log index 10)'],
    ['the digest', () => changed('subject.digest', digestOf('else')), 'the record at log index 1'],
    ['the tag', () => changed('subject.tag', 'latest'), 'subject.tag'],
    ['the time, to before the push', () => changed('subject.at', '2026-05-02T13:00:00.000Z'), 'subject.tag'],
    [
      'a part more',
      () => changed('subject.parts', [...pack.subject.parts, digestOf('else')]),
      'subject.parts[2]',
    ],
    ['a part less', () => changed('subject.parts', [released.amd]), 'the record at log index 0'],
    ['the repository', () => changed('subject.repository', 'team/other'), 'records[9] (log index 10)'],
    [
      'who approved',
      () => changed('sections.approvals.0.approval.approver.name', 'Somebody else'),
      'sections.approvals[0]',
    ],
    ['a state', () => changed('sections.approvals.0.approval.state', 'released'), 'sections.approvals[0]'],
    ['a step', () => changed('sections.approvals.0.steps.1', undefined), 'sections.approvals[0]'],
    ['a scan that passed', () => changed('sections.scans.0.content.status', 'failed'), 'sections.scans[0]'],
    ['a finding left out', () => changed('sections.findings.0', undefined), 'sections.findings'],
    [
      'a claim more',
      () => changed('sections.locks', [...pack.sections.locks, pack.sections.locks[0]]),
      'sections.locks[1]',
    ],
    [
      'a claim about another record',
      () => changed('sections.timeline.0.records', [0]),
      'sections.timeline[0]',
    ],
    [
      'a time',
      () => changed('sections.timeline.0.occurredAt', '2026-05-02T14:00:01.000Z'),
      'sections.timeline[0]',
    ],
    [
      'a name more in a claim',
      () => changed('sections.timeline.0.note', 'seen by the board'),
      'sections.timeline[0]',
    ],
    ['a section more', () => changed('sections.audits', []), 'sections.audits'],
    ['a section less', () => changed('sections.uses', undefined), 'sections.uses'],
    ['a name more', () => changed('approvedBy', 'everybody'), 'approvedBy'],
    [
      'a waiting record that is proven',
      () => changed('waiting', [{ leaf: pack.records[0]?.leaf, reason: 'waiting' }]),
      'waiting[0]',
    ],
    [
      'a waiting record of something else',
      () =>
        changed('waiting', [
          { leaf: waitingLeaf.replaceAll(released.index, digestOf('else')), reason: 'waiting' },
        ]),
      'the waiting record late',
    ],
    ['another format', () => changed('format', 'acr-audit-evidence/2'), 'format'],
  ])('when it comes with %s changed, that is named', (_, tampered, where) => {
    expect(verify(tampered())).toEqual({ ok: false, where, problem: expect.any(String) });
  });

  it('when a proven record of another image was put in, it is not taken for one of this', async () => {
    const more = await packs.pack({ indexes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
    expect(verify(more)).toEqual({
      ok: false,
      where: 'the record at log index 2',
      problem: 'does not concern contoso.azurecr.io/team/app:prod',
    });
  });

  it('when the checkpoint is signed by a key that nobody trusts, or of the same name only, it fails', async () => {
    const other = noteSigner();
    const forged = formatNote(packs.text, await other.sign(packs.origin, packs.text));
    expect(verify(changed('logs.0.checkpoint', forged))).toEqual({
      ok: false,
      where: 'logs[0]',
      problem: 'its checkpoint is signed by no key that is trusted',
    });
    expect(verifyEvidence(pack, [])).toMatchObject({ where: 'logs[0]' });
    expect(verifyEvidence(pack, [other.keyOf(packs.origin)])).toMatchObject({ where: 'logs[0]' });
  });

  it('when the checkpoint is another log’s, signed by a trusted key, it fails', async () => {
    const origin = 'acr-audit/fabrikam.azurecr.io';
    const text = packs.text.replace(packs.origin, origin);
    const note = formatNote(text, await packs.signer.sign(origin, text));
    const keys = [packs.key, packs.signer.keyOf(origin)];
    expect(verifyEvidence(changed('logs.0.checkpoint', note), keys)).toMatchObject({
      where: 'logs[0]',
      problem: `its checkpoint is not of ${packs.origin}`,
    });
    // Nor is one of this log by the key of another.
    const crossed = formatNote(packs.text, await packs.signer.sign(origin, packs.text));
    expect(verifyEvidence(changed('logs.0.checkpoint', crossed), keys)).toMatchObject({ where: 'logs[0]' });
  });

  it('when the root is another, signed by the trusted key, no record is proven by it', async () => {
    const text = checkpointText({ origin: packs.origin, size: 11, root: new Uint8Array(32), extensions: [] });
    const note = formatNote(text, await packs.signer.sign(packs.origin, text));
    expect(verify(changed('logs.0.checkpoint', note))).toMatchObject({ where: 'records[0] (log index 0)' });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'evidence'],
    ['a list', []],
    ['an empty object', {}],
    ['nested lists', JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)],
  ])('when it is given %s, it says that this is no pack', (_, value) => {
    expect(verify(value)).toMatchObject({ ok: false });
  });

  it('when a claim is nested more deeply than can be compared, it fails and does not crash', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    const tampered = { ...pack, sections: { ...pack.sections, uses: [deep] } };
    expect(verify(tampered)).toMatchObject({ ok: false });
    expect(verify({ ...pack, told: { uses: [deep] }, summary: '' })).toMatchObject({ ok: false });
  });
});
