import { beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonContent } from '../../../src/history/statement.ts';
import { batchClosing } from '../../../src/ledger/batch-closing.ts';
import { canonicalRecord, canonicalStatement } from '../../../src/ledger/canonical-record.ts';
import { checkpointText } from '../../../src/ledger/checkpoint.ts';
import { evidenceSummary } from '../../../src/ledger/evidence-summary.ts';
import { verifyEvidence } from '../../../src/ledger/evidence-verification.ts';
import { handoverKind, handoverText } from '../../../src/ledger/key-handover.ts';
import { formatNote, verifierKeyText } from '../../../src/ledger/signed-note.ts';
import { changedValue } from '../../builders/changed-value.ts';
import { statementOf } from '../../builders/evidence-leaf.ts';
import { evidencePacks, released, waitingLeaf } from '../../builders/evidence-pack.ts';
import { epoch, fact, recordOf } from '../../builders/facts.ts';
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
const changed = (path: string, value: unknown, of: unknown = pack) => changedValue(of, path, value);

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

  it('when no entry of the log states until when history is complete, it says nothing of that', async () => {
    const { horizon: _, ...made } = await packs.pack({ indexes: [0, 1, 3, 4, 5, 6, 7, 8, 9] });
    const verdict = verify(made);
    expect(verdict).toMatchObject({ ok: true, proven: 9 });
    expect(verdict).not.toHaveProperty('completeUntil');
  });

  it('when it is about a digest, and no tag, it needs no push of a tag', async () => {
    const { tag: _, at: __, ...of } = packs.subject;
    const made = await packs.pack({ indexes: [0, 1, 3, 4, 5, 6, 7, 9, 10], of });
    const image = `contoso.azurecr.io/team/app@${released.index}`;
    expect(verify(made)).toMatchObject({ ok: true, image, digest: released.index });
  });

  it('when its summary came with it, that has to be the one that the pack makes', async () => {
    const summary = evidenceSummary({ ...pack, sections: { ...pack.sections } });
    expect(verify({ ...pack, summary })).toMatchObject({ ok: true, hasSummary: true });
    expect(verify({ ...pack, summary: summary.replace('production', 'staging') })).toMatchObject({
      where: 'summary.html',
      problem: 'is not the summary of this pack',
    });
  });

  it.each<[string, () => unknown, string, string?]>([
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
      'is not proven to be entry 3 of acr-audit/contoso.azurecr.io',
    ],
    [
      'a hash of a proof in another spelling',
      () => changed('records.2.proof.0', pack.records[2]?.proof[0]?.replace('=', '')),
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
    [
      'a record twice',
      () => changed('records.1', pack.records[0]),
      'records[1] (log index 0)',
      'is not in the order of the log, or there twice',
    ],
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
      'is of fabrikam.azurecr.io, of which there is no checkpoint',
    ],
    [
      'the size of the checkpoint',
      () => changed('logs.0.checkpoint', pack.logs[0]?.checkpoint.replace('\n11\n', '\n12\n')),
      'logs[0]',
      'its checkpoint has a signature that is wrong',
    ],
    ['no checkpoint', () => changed('logs', []), 'records[0] (log index 0)'],
    ['a checkpoint twice', () => changed('logs', [pack.logs[0], pack.logs[0]]), 'logs[1]', 'is there twice'],
    ['the registry of the checkpoint', () => changed('logs.0.registry', 'fabrikam.azurecr.io'), 'logs[0]'],
    [
      'no record at all',
      () => changed('horizon', undefined, changed('records', [])),
      'records',
      'are none: nothing is proven',
    ],
    [
      'the horizon',
      () => changed('horizon.comparedAt', '2026-05-03T00:00:00.000Z'),
      'horizon',
      'is not what an entry of the log states',
    ],
    [
      'the record of the horizon',
      () => changed('horizon.record', 1),
      'records[9] (log index 10)',
      'is a sealed-batch that says nothing',
    ],
    [
      'the record of the horizon left out',
      () => changed('records.9', undefined),
      'horizon',
      'is not what an entry of the log states',
    ],
    ['the horizon left out', () => changed('horizon', undefined), 'records[9] (log index 10)'],
    ['the digest', () => changed('subject.digest', digestOf('else')), 'the record at log index 1'],
    [
      'the tag',
      () => changed('subject.tag', 'latest'),
      'subject.tag',
      `was not pushed as ${released.index} by then, by any record`,
    ],
    ['the time, to before the push', () => changed('subject.at', '2026-05-02T13:00:00.000Z'), 'subject.tag'],
    [
      'a part more',
      () => changed('subject.parts', [...pack.subject.parts, digestOf('else')]),
      'subject.parts[2]',
      `is not listed by ${released.index}, by any record`,
    ],
    [
      'a part more before the others',
      () => changed('subject.parts', [digestOf('else'), ...pack.subject.parts]),
      'subject.parts[0]',
      `is not listed by ${released.index}, by any record`,
    ],
    ['a part less', () => changed('subject.parts', [released.amd]), 'the record at log index 0'],
    [
      'the repository',
      () => changed('subject.repository', 'team/other'),
      'records[9] (log index 10)',
      'is a sealed-batch that says nothing',
    ],
    [
      'who approved',
      () => changed('sections.approvals.0.approval.approver.name', 'Somebody else'),
      'sections.approvals[0]',
    ],
    ['a state', () => changed('sections.approvals.0.approval.state', 'released'), 'sections.approvals[0]'],
    [
      'a step',
      () => changed('sections.approvals.0.steps.1', undefined),
      'sections.approvals[0]',
      'is not what record 4, 6 says',
    ],
    ['a scan that passed', () => changed('sections.scans.0.content.status', 'failed'), 'sections.scans[0]'],
    [
      'a finding left out',
      () => changed('sections.findings.0', undefined),
      'sections.findings',
      'leaves out what record 7, 9 says',
    ],
    [
      'a claim more',
      () => changed('sections.locks', [...pack.sections.locks, pack.sections.locks[0]]),
      'sections.locks[1]',
      'is what no record says',
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
    ['a section more', () => changed('sections.audits', []), 'sections.audits', 'is no section'],
    ['a section less', () => changed('sections.uses', undefined), 'sections.uses', 'is no list'],
    ['a name more', () => changed('approvedBy', 'everybody'), 'approvedBy'],
    [
      'a waiting record that is proven',
      () => changed('waiting', [{ leaf: pack.records[0]?.leaf, reason: 'waiting' }]),
      'waiting[0]',
      'is among the records already',
    ],
    [
      'a waiting record twice',
      () => {
        const late = { leaf: waitingLeaf, reason: 'waiting' };
        return changed('waiting', [late, late]);
      },
      'waiting[1]',
      'is among the records already',
    ],
    [
      'a waiting record that is none',
      () => changed('waiting', [{ leaf: '{}', reason: 'waiting' }]),
      'waiting[0]',
      'is no record that can be read',
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
  ])('when it comes with %s changed, that is named', (_, tampered, where, problem = '') => {
    expect(verify(tampered())).toEqual({ ok: false, where, problem: expect.stringContaining(problem) });
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

  it.each([
    ['half a character', '\ud800'],
    ['a number that is greater than all', Number.POSITIVE_INFINITY],
  ])('when a claim has %s, of which there is no canonical text, it fails and does not crash', (_, value) => {
    const tampered = changed('sections.timeline.0.occurredAt', value);
    expect(verify(tampered)).toEqual({ ok: false, where: '$', problem: 'cannot be read' });
  });

  it('when the checkpoint is no note, or a trusted note of something else, it says so', async () => {
    const about = (checkpoint: string) => verify(changed('logs.0.checkpoint', checkpoint));
    expect(about('none')).toMatchObject({ problem: 'its checkpoint is no signed note' });
    const note = formatNote('hello\n', await packs.signer.sign(packs.origin, 'hello\n'));
    expect(about(note)).toMatchObject({ where: 'logs[0]', problem: 'its note is no checkpoint' });
  });

  it('when the log is another registry’s, by its own checkpoint, it proves nothing here', async () => {
    const registry = 'fabrikam.azurecr.io';
    const origin = `acr-audit/${registry}`;
    const text = packs.text.replace(packs.origin, origin);
    const checkpoint = formatNote(text, await packs.signer.sign(origin, text));
    const logs = [...pack.logs, { registry, keys: [], checkpoint }];
    const keys = [packs.key, packs.signer.keyOf(origin)];
    expect(verifyEvidence({ ...pack, logs }, keys)).toEqual({
      ok: false,
      where: 'logs[1]',
      problem: 'is of fabrikam.azurecr.io, another registry',
    });
  });

  it('when names of the pack are told, they are short, and turn no text around', () => {
    const long = verify(changed('records.0.registry', `\u202e${'r'.repeat(10_000)}`));
    expect(long).toEqual({ ok: false, where: 'records[0] (log index 0)', problem: expect.any(String) });
    expect('problem' in long && long.problem).toBe(`is of \ufffd${'r'.repeat(493)}`);
    expect(verify(changed(`sections.\u202e${'n'.repeat(100)}`, []))).toMatchObject({
      where: `sections.\ufffd${'n'.repeat(63)}`,
    });
    const leaf = waitingLeaf
      .replaceAll(released.index, digestOf('else'))
      .replace('"late"', `"${'l'.repeat(300)}"`);
    expect(verify({ ...pack, waiting: [{ leaf, reason: 'waiting' }] })).toMatchObject({
      where: `the waiting record ${'l'.repeat(128)}`,
    });
  });
});

/** A pack of the release whose log has an entry more, which is in the pack as well. */
async function withEntry(entry: string, of = packs.subject, signer = packs.signer): Promise<Pack> {
  const { pack: made } = await evidencePacks(signer, [entry]);
  return made({ indexes: [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11], of });
}

const minute = (after: number) => new Date(epoch + after * 60_000).toISOString();

describe('verifying what a log goes on with', () => {
  const place = 'records[10] (log index 11)';
  const batch = (repository: string) =>
    batchClosing({
      ...{ registry: 'contoso.azurecr.io', from: 11, records: 0, sealedAt: epoch },
      horizons: [{ repository, comparedAt: epoch + 1_800_000 }],
    })[0] ?? '';

  it.each<[string, () => string, string, string]>([
    ['no record', () => '{}', place, 'is no record that can be read'],
    ['a record again', () => pack.records[1]?.leaf ?? '', 'records', 'have one that is there twice'],
    ['an end of a batch more', () => batch('team/app'), place, 'is a sealed-batch that says nothing'],
  ])('when it is %s, that is named', async (_, entry, where, problem) => {
    expect(verify(await withEntry(entry()))).toEqual({ ok: false, where, problem });
  });

  it('when the entry that is named for the horizon states none of the repository, that is named', async () => {
    const more = await withEntry(batch('team/web'));
    const records = more.records.filter(({ index }) => index !== 10);
    const horizon = { record: 11, comparedAt: minute(30) };
    expect(verify({ ...more, records, horizon })).toMatchObject({
      where: 'records[9] (log index 11)',
      problem: 'is a sealed-batch that says nothing',
    });
  });

  const push = { digest: released.index, tag: 'rc' };
  it.each<[string, Parameters<typeof fact>[2], number, boolean]>([
    ['was pushed with the digest', push, 30, true],
    ['was pushed later', push, 29.9, false],
    ['may have been pushed by then', { ...push, notBefore: epoch + 1_200_000 }, 20, true],
    ['cannot have been pushed by then', { ...push, notBefore: epoch + 1_200_000 }, 19.9, false],
    ['was removed', { ...push, action: 'untag' }, 40, false],
    ['was pushed with a part', { ...push, digest: released.arm }, 40, false],
  ])('when the tag %s, by a record, it is that tag’s evidence or not', async (_, what, at, isBacked) => {
    const of = { ...packs.subject, tag: 'rc', at: minute(at) };
    const verdict = verify(await withEntry(canonicalRecord(recordOf(fact('more', 30, what))), of));
    expect(verdict).toMatchObject(isBacked ? { ok: true } : { ok: false, where: 'subject.tag' });
  });

  const deep = digestOf('deep');
  it.each<[string, string, JsonContent, boolean]>([
    ['a part lists it', 'manifest-described', { digest: released.arm, manifests: [{ digest: deep }] }, true],
    [
      'another reading lists it',
      'manifest-described',
      { digest: released.index, manifests: [{ digest: deep }] },
      true,
    ],
    [
      'a manifest that is no part lists it',
      'manifest-described',
      { digest: deep, manifests: [{ digest: deep }] },
      false,
    ],
    ['it is named, and not listed', 'manifest-described', { digest: released.index, subject: deep }, false],
    [
      'it is in no list',
      'manifest-described',
      { digest: released.index, manifests: { digest: deep } },
      false,
    ],
    ['nothing was read', 'lock-set', { digest: released.index, manifests: [{ digest: deep }] }, false],
  ])('when %s, by a record, it is a part or not', async (_, kind, content, isPart) => {
    const entry = canonicalStatement(statementOf('more', 30, kind, { content }));
    const parts = [...packs.subject.parts, deep];
    const verdict = verify(await withEntry(entry, { ...packs.subject, parts }));
    expect(verdict).toMatchObject(isPart ? { ok: true } : { ok: false, where: 'subject.parts[2]' });
  });

  it('when the keys were handed over, whoever trusts the first ones believes the checkpoint, by that record', async () => {
    const after = noteSigner();
    const { origin, key, signer } = packs;
    const text = handoverText({ origin, from: 12, oldKeys: [key], newKeys: [after.keyOf(origin)] });
    const signed = [...(await signer.sign(origin, text)), ...(await after.sign(origin, text))];
    const note = formatNote(text, signed);
    const handover = statementOf('more', 30, handoverKind, { repository: '_registry', content: { note } });
    const handed = await withEntry(canonicalStatement(handover), packs.subject, after);
    const verifiedBy = [verifierKeyText(after.keyOf(origin))];
    for (const trusted of [key, after.keyOf(origin)]) {
      expect(verifyEvidence(handed, [trusted])).toMatchObject({ ok: true, logs: [{ size: 12, verifiedBy }] });
    }
    const untold = { ...handed, records: handed.records.slice(0, -1) };
    expect(verify(untold)).toMatchObject({ where: 'logs[0]' });
  });
});
