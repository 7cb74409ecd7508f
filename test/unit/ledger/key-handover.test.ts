import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  followKeys,
  type HandoverVerdict,
  handoverIn,
  handoverKind,
  handoverText,
  judgeHandover,
  type KeyHandover,
  keysAt,
} from '../../../src/ledger/key-handover.ts';
import { formatNote, type VerifierKey, verifierKeyText } from '../../../src/ledger/signed-note.ts';
import { handoverNote, noteBy } from '../../builders/handover-note.ts';
import { noteSigner } from '../../builders/note-signer.ts';

type Key = ReturnType<typeof noteSigner>;

const registry = 'contoso.azurecr.io';
const origin = `acr-audit/${registry}`;
const elsewhere = 'acr-audit/fabrikam.azurecr.io';
const [first, second, third, stranger] = [
  noteSigner(),
  noteSigner('ecdsa-p256'),
  noteSigner(),
  noteSigner('ecdsa-p256'),
];

const keysOf = (signers: readonly Key[]) => signers.map(({ keyOf }) => keyOf(origin));

const noteOf = (text: string, signers: readonly Key[]) => noteBy(origin, text, signers);

/** A handover between keys, signed by those of both sides unless told. */
const handover = (from: number, ...sides: [readonly Key[], readonly Key[], (readonly Key[])?]) =>
  handoverNote(origin, from, ...sides);

function reasonOf(verdict: HandoverVerdict): string {
  return verdict.ok ? 'believed' : verdict.reason;
}

const judged = (note: string, keys: readonly VerifierKey[] = keysOf([first]), from = 0) =>
  reasonOf(judgeHandover(note, registry, { from, keys }));

const textsOf = (keys: readonly VerifierKey[]) => keys.map(verifierKeyText);

describe('when keys are handed over', () => {
  it('the text is what anybody can read', () => {
    const oldKeys = keysOf([first]);
    const newKeys = keysOf([second]);
    expect(handoverText({ origin, from: 7, oldKeys, newKeys })).toBe(
      [origin, 'key-handover/1', 'from 7', `old ${textsOf(oldKeys)}`, `new ${textsOf(newKeys)}`, ''].join(
        '\n',
      ),
    );
  });

  it.each([
    ['from the first key to another', [first], [second]],
    ['to two keys', [first], [second, third]],
    ['to the same key and another', [first], [first, second]],
    ['from two keys to one of them', [first, second], [first]],
    ['to as many keys as are read', [first], Array.from({ length: 8 }, () => noteSigner())],
  ])('%s, signed by both sides, it is believed', async (_, old, next) => {
    const note = await handover(7, old, next);
    const verdict = judgeHandover(note, registry, { from: 0, keys: keysOf(old) });
    expect(verdict).toMatchObject({ ok: true, handover: { origin, from: 7 } });
    expect(textsOf(verdict.ok ? verdict.handover.newKeys : [])).toEqual(textsOf(keysOf(next)));
  });

  it('whoever knows one of two old keys believes what that one signed', async () => {
    expect(judged(await handover(7, [first, second], [third], [first, third]))).toBe('believed');
  });

  it('and one of two old keys is named, the other may sign it as well', async () => {
    const note = await handover(7, [first], [third], [first, second, third]);
    expect(judged(note, keysOf([first, second]))).toBe('believed');
  });

  it('and another log’s key did not sign what stands in its name, the keys of this log decide', async () => {
    const text = handoverLines([first], [second]);
    const signatures = await Promise.all([
      first.sign(origin, text),
      second.sign(origin, text),
      third.sign(elsewhere, 'another text\n'),
    ]);
    const keys = [first.keyOf(origin), third.keyOf(elsewhere)];
    expect(judged(formatNote(text, signatures.flat()), keys)).toBe('believed');
  });

  it.each([
    ['an unknown key', [stranger], [stranger], 'unknown-key'],
    ['the new key alone', [first], [second], 'unknown-key', [second]],
    ['the old key alone', [first], [second], 'unproven-key', [first]],
    ['the old key and one of two new ones', [first], [second, third], 'unproven-key', [first, third]],
    [
      'a known key that is not handed over, in an unknown key’s name',
      [stranger],
      [second],
      'unknown-key',
      [first, second],
    ],
  ] as const)(
    'by %s, it is not believed',
    async (_, old, next, reason, signedBy: readonly Key[] | undefined = undefined) => {
      expect(judged(await handover(7, old, next, signedBy))).toBe(reason);
    },
  );

  it('and the old key’s signature is of something else, it is forged', async () => {
    const [honest, other] = [await handover(7, [first], [second]), await handover(8, [first], [second])];
    const forged = `${honest.slice(0, honest.indexOf('\n\n'))}${other.slice(other.indexOf('\n\n'))}`;
    expect(judged(forged)).toBe('forged-signature');
  });

  it('and it is of another log, it is not believed', async () => {
    const text = handoverText({
      origin: elsewhere,
      from: 7,
      oldKeys: [first.keyOf(elsewhere)],
      newKeys: [second.keyOf(elsewhere)],
    });
    const signatures = await Promise.all([first, second].map(({ sign }) => sign(elsewhere, text)));
    const note = formatNote(text, signatures.flat());
    expect(judged(note, [first.keyOf(elsewhere), first.keyOf(origin)])).toBe('wrong-origin');
    expect(judgeHandover(note, 'fabrikam.azurecr.io', { from: 0, keys: [first.keyOf(elsewhere)] }).ok).toBe(
      true,
    );
  });

  it('and it begins where the last one did, or before, it is too early', async () => {
    const note = await handover(7, [first], [second]);
    expect([6, 7, 8].map((from) => judged(note, keysOf([first]), from))).toEqual([
      'believed',
      'too-early',
      'too-early',
    ]);
  });

  it.each([
    ['a checkpoint', `${origin}\n7\nZm9v\n`],
    ['from nowhere', `${origin}\nkey-handover/1\nfrom 0\n`],
    ['with something before its size', handoverLines([first], [second]).replace('from 7', 'not from 7')],
    ['without new keys', `${origin}\nkey-handover/1\nfrom 7\nold ${textsOf(keysOf([first]))}\n`],
    ['without old keys', `${origin}\nkey-handover/1\nfrom 7\nnew ${textsOf(keysOf([second]))}\n`],
    ['of another version', handoverLines([first], [second]).replace('/1', '/2')],
    ['with a line more', `${handoverLines([first], [second])}more\n`],
    ['with a key twice', handoverLines([first], [second, second])],
    ['with old keys after new ones', `${handoverLines([first], [second])}old ${textsOf(keysOf([third]))}\n`],
    [
      'with a damaged key',
      handoverLines([first], [second]).replace(/old (.*)\+........\+/, 'old $1+00000000+'),
    ],
    [
      'to more keys than are read',
      handoverLines(
        [first],
        Array.from({ length: 9 }, () => noteSigner()),
      ),
    ],
  ])('and the text is %s, it is none', async (_, text) => {
    expect(judged(await noteOf(text, [first, second]))).toBe('not-a-handover');
  });

  it('and anything at all is read, it is none', () => {
    fc.assert(fc.property(fc.string(), (note) => expect(judged(note)).toBe('not-a-handover')));
  });

  it.each([
    ['no size', { from: 0 }],
    ['part of an entry', { from: 1.5 }],
    ['nobody', { newKeys: [] }],
    ['a key of another log', { newKeys: [second.keyOf(elsewhere)] }],
  ])('from or to %s, no text is made', (_, changed) => {
    const whole: KeyHandover = { origin, from: 7, oldKeys: keysOf([first]), newKeys: keysOf([second]) };
    expect(() => handoverText({ ...whole, ...changed })).toThrow(
      new RangeError(`this hands over no keys of ${origin}`),
    );
  });

  it('a statement tells its note, and no other statement does', () => {
    expect(handoverIn({ kind: handoverKind, content: { note: 'a note' } })).toBe('a note');
    expect(handoverIn({ kind: handoverKind, content: { note: 7 } })).toBeUndefined();
    expect(handoverIn({ kind: 'approved', content: { note: 'a note' } })).toBeUndefined();
  });
});

/** The lines of a handover as {@link handoverText} would write them, whether it would or not. */
function handoverLines(old: readonly Key[], next: readonly Key[]): string {
  const lines = [
    ...textsOf(keysOf(old)).map((key) => `old ${key}`),
    ...textsOf(keysOf(next)).map((key) => `new ${key}`),
  ];
  return [origin, 'key-handover/1', 'from 7', ...lines, ''].join('\n');
}

describe('when a log’s keys are followed from the first one', () => {
  it('each signs its stretch of sizes', async () => {
    const notes = [
      { index: 6, note: await handover(7, [first], [second, third]) },
      { index: 20, note: await handover(21, [second, third], [third]) },
    ];
    const history = followKeys(registry, keysOf([first]), notes);
    expect(history.refused).toEqual([]);
    const at = (size: number) => textsOf(keysAt(history, size));
    expect([0, 6].map(at)).toEqual([textsOf(keysOf([first])), textsOf(keysOf([first]))]);
    expect([7, 20].map(at)).toEqual([textsOf(keysOf([second, third])), textsOf(keysOf([second, third]))]);
    expect([21, 1_000_000].map(at)).toEqual([textsOf(keysOf([third])), textsOf(keysOf([third]))]);
  });

  it('what cannot be believed changes nothing, and is told with its place', async () => {
    const history = followKeys(registry, keysOf([first]), [
      { index: 3, note: await handover(4, [stranger], [stranger]) },
      { index: 6, note: await handover(7, [first], [second]) },
      // A key that was replaced cannot take the log back, nor give it to another.
      { index: 8, note: await handover(9, [first], [first]) },
      { index: 9, note: await handover(10, [first], [stranger]) },
      { index: 10, note: await handover(7, [second], [third]) },
      { index: 11, note: 'no note' },
    ]);
    expect(history.epochs.map(({ from, keys }) => [from, textsOf(keys)])).toEqual([
      [0, textsOf(keysOf([first]))],
      [7, textsOf(keysOf([second]))],
    ]);
    expect(history.refused).toEqual([
      { index: 3, reason: 'unknown-key' },
      { index: 8, reason: 'unknown-key' },
      { index: 9, reason: 'unknown-key' },
      { index: 10, reason: 'too-early' },
      { index: 11, reason: 'not-a-handover' },
    ]);
  });

  it('only the last ones before hand it over, however often it was', async () => {
    const history = followKeys(registry, keysOf([first]), [
      { index: 6, note: await handover(7, [first], [second]) },
      { index: 8, note: await handover(9, [second], [third]) },
      { index: 9, note: await handover(10, [second], [first]) },
      { index: 10, note: await handover(11, [third], [stranger]) },
    ]);
    expect(history.epochs.map(({ from }) => from)).toEqual([0, 7, 9, 11]);
    expect(textsOf(keysAt(history, 11))).toEqual(textsOf(keysOf([stranger])));
    expect(history.refused).toEqual([{ index: 9, reason: 'unknown-key' }]);
  });

  it('and the first key is another, nothing is learned', async () => {
    const notes = [{ index: 6, note: await handover(7, [first], [second]) }];
    const history = followKeys(registry, keysOf([stranger]), notes);
    expect(textsOf(keysAt(history, 100))).toEqual(textsOf(keysOf([stranger])));
  });
});
