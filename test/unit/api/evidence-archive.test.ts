import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { evidenceArchive, readEvidence } from '../../../src/api/evidence-archive.ts';
import type { EvidencePack } from '../../../src/ledger/evidence-pack.ts';
import { evidenceSummary } from '../../../src/ledger/evidence-summary.ts';
import { verifyEvidence } from '../../../src/ledger/evidence-verification.ts';
import type { VerifierKey } from '../../../src/ledger/signed-note.ts';
import { evidencePacks } from '../../builders/evidence-pack.ts';

let pack: EvidencePack;
let key: VerifierKey;
const zone = process.env['TZ'];

beforeAll(async () => {
  const packs = await evidencePacks();
  key = packs.key;
  pack = await packs.pack();
});
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('the archive of a pack', () => {
  it('when it is made again, elsewhere, it has the same bytes', () => {
    const made = ['UTC', 'Asia/Tokyo', 'America/Anchorage'].map((name) => {
      process.env['TZ'] = name;
      return Buffer.from(evidenceArchive(pack)).toString('base64');
    });
    expect(new Set(made).size).toBe(1);
  });

  it('when it is read, the pack is as it was, with its summary', () => {
    const bytes = evidenceArchive(pack);
    expect(Object.keys(unzipSync(bytes))).toEqual(['evidence.json', 'summary.html']);
    const summary = evidenceSummary({ ...pack, sections: { ...pack.sections } });
    expect(readEvidence(bytes)).toEqual({ ...pack, summary });
    expect(verifyEvidence(readEvidence(bytes), [key])).toMatchObject({ ok: true, hasSummary: true });
    expect(verifyEvidence(readEvidence(strToU8(JSON.stringify(pack))), [key])).toMatchObject({
      ok: true,
      hasSummary: false,
    });
  });

  it('when the summary in it was edited, verifying names it', () => {
    const { 'evidence.json': json, 'summary.html': html } = unzipSync(evidenceArchive(pack));
    const edited = Buffer.from(html ?? [])
      .toString()
      .replace('Release manager', 'The board');
    const bytes = zipSync({ 'evidence.json': json ?? new Uint8Array(), 'summary.html': strToU8(edited) });
    expect(verifyEvidence(readEvidence(bytes), [key])).toMatchObject({ ok: false, where: 'summary.html' });
  });

  const json = strToU8('{}');
  it.each<[string, () => Uint8Array]>([
    ['another file', () => zipSync({ 'evidence.json': json, 'summary.html': json, 'approval.pdf': json })],
    ['no summary', () => zipSync({ 'evidence.json': json })],
    ['no pack', () => zipSync({ 'summary.html': json })],
    ['a pack that is a list', () => zipSync({ 'evidence.json': strToU8('[]'), 'summary.html': json })],
    ['a pack that is no JSON', () => zipSync({ 'evidence.json': strToU8('{'), 'summary.html': json })],
    ['text that is no UTF-8', () => zipSync({ 'evidence.json': Uint8Array.of(0xff), 'summary.html': json })],
    ['its end cut off', () => evidenceArchive(pack).slice(0, -100)],
    ['its beginning only', () => Uint8Array.of(0x50, 0x4b)],
    ['nothing', () => new Uint8Array()],
    [
      'a file twice',
      () => twice(zipSync({ 'summary.htm1': json, 'summary.html': json, 'evidence.json': json })),
    ],
  ])('when a zip has %s, it is no evidence', (_, bytes) => {
    expect(readEvidence(bytes())).toBeUndefined();
  });

  it('when a zip unpacks to more than a pack can be, it is not unpacked', () => {
    const bytes = zipSync({ 'evidence.json': strToU8('{}'), 'summary.html': json });
    expect(readEvidence(bytes)).toEqual({ summary: '{}' });
    expect(readEvidence(sized(bytes, 160 * 1024 * 1024))).toBeUndefined();
  });

  it('when a zip unpacks to more than it says, the rest is not kept', () => {
    const content = strToU8(`{}${' '.repeat(4 * 1024 * 1024)}`);
    const bytes = zipSync({ 'evidence.json': content, 'summary.html': json });
    expect(readEvidence(bytes)).toEqual({ summary: '{}' });
    expect([undefined, JSON.stringify({ summary: '{}' })]).toContain(
      JSON.stringify(readEvidence(sized(bytes, 2))),
    );
  });

  it('when it is given any bytes, it does not throw', () => {
    const whole = evidenceArchive(pack);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(whole.length - 1), (some, at) => {
        readEvidence(some);
        const broken = Uint8Array.from(whole);
        broken.set(some.subarray(0, whole.length - at), at);
        const read = readEvidence(broken);
        const verdict = verifyEvidence(read, [key]);
        // Whatever still is evidence is the same evidence.
        if (verdict.ok) expect(read).toMatchObject({ records: pack.records, sections: pack.sections });
      }),
      { numRuns: 60 },
    );
  });
});

/** A zip in which a file has the name of another, in its directory too. */
function twice(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1').replaceAll('summary.htm1', 'summary.html');
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** A zip whose directory tells another size of the pack in it. */
function sized(bytes: Uint8Array, size: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  // https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, section 4.3.12.
  const header = Buffer.from(copy).lastIndexOf('evidence.json') - 46;
  new DataView(copy.buffer).setUint32(header + 24, size, true);
  return copy;
}
