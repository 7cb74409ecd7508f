import { describe, expect, it } from '@jest/globals';
import { originOf } from '../../../src/ledger/checkpoint.ts';
import { emptyEdge, grownLog } from '../../../src/ledger/log-growth.ts';
import { logTrust, trustedCheckpoint } from '../../../src/ledger/log-trust.ts';
import { checkpointNote, registry } from '../../builders/built-log.ts';
import { handoverNote, noteBy } from '../../builders/handover-note.ts';
import { noteSigner } from '../../builders/note-signer.ts';
import { problemOf } from '../../builders/told-problem.ts';

const origin = originOf(registry);
const [first, second, stranger] = [noteSigner(), noteSigner(), noteSigner()];

/** What a key signs of a log of a size. */
function noteOf(key: typeof first, size: number, name = origin): string {
  const entries = Array.from({ length: size }, (_, index) => Buffer.of(index));
  return checkpointNote(key, grownLog(emptyEdge, entries).edge, name);
}

const trusting = (...keys: readonly (typeof first)[]) =>
  logTrust({ registry, keys: keys.map(({ keyOf }) => keyOf(origin)) });
const unknown = (path: string) => ({
  code: 'unknown-key',
  message: `no trusted key of ${origin} signed ${path}`,
  path,
});

/** A note with the signature of another. */
const forged = (note: string, other: string) =>
  `${note.slice(0, note.indexOf('\n\n'))}${other.slice(other.indexOf('\n\n'))}`;

describe('a checkpoint by itself', () => {
  const trust = { registry, keys: [first.keyOf(origin)] };

  it('when a trusted key signed it, is read', () => {
    expect(trustedCheckpoint(noteOf(first, 3), 'a path', trust)).toMatchObject({ origin, size: 3 });
  });

  it('when no keys are given, is read whoever signed it', () => {
    expect(trustedCheckpoint(noteOf(stranger, 3), 'a path', { registry })).toMatchObject({ size: 3 });
  });

  const id = Buffer.from(first.keyOf(origin).keyId).toString('hex');
  it.each([
    ['is no note', 'nothing', { code: 'not-a-checkpoint', message: 'a path is not a signed checkpoint' }],
    [
      'is of another log',
      noteOf(first, 3, 'acr-audit/other"'),
      { code: 'wrong-origin', message: `a path is of the log "acr-audit/other\\"", not of ${origin}` },
    ],
    ['is signed by a stranger', noteOf(stranger, 3), unknown('a path')],
    [
      'has the signature of another',
      forged(noteOf(first, 3), noteOf(first, 4)),
      {
        code: 'forged-signature',
        message: `a path has a signature in the name of the key ${id} that the key did not make`,
      },
    ],
  ])('when it %s, is not believed', async (_, note, problem) => {
    const told = await problemOf(() => trustedCheckpoint(note, 'a path', trust));
    expect(told).toEqual({ ...problem, path: 'a path' });
  });

  it.each([origin, 'acr-audit/other'])(
    'when only a key of another log is trusted, and signed it as %s, is not believed',
    async (name) => {
      const signed = noteOf(first, 3);
      const note = await noteBy(name, signed.slice(0, signed.indexOf('\n\n') + 1), [first]);
      const keys = [first.keyOf('acr-audit/other')];
      const told = await problemOf(() => trustedCheckpoint(note, 'a path', { registry, keys }));
      expect(told).toEqual(unknown('a path'));
    },
  );
});

describe('trust in a log', () => {
  it('when a handover tells the key of what was put aside, follows it', async () => {
    const trust = trusting(first);
    expect(trust.checkpoint(noteOf(second, 3), 'one')).toMatchObject({ size: 3 });
    trust.handover(2, await handoverNote(origin, 3, [first], [second]));
    trust.checkpoint(noteOf(second, 4), 'two');
    trust.settle();
    expect(trust.refused()).toEqual([]);
  });

  it('when what was put aside was signed before its key was handed over, does not', async () => {
    const trust = trusting(first);
    trust.checkpoint(noteOf(second, 3), 'one');
    trust.checkpoint(noteOf(second, 4), 'two');
    trust.handover(3, await handoverNote(origin, 4, [first], [second]));
    expect(await problemOf(() => trust.settle())).toEqual(unknown('one'));
  });

  it('when a handover is a stranger’s, tells it and changes nothing', async () => {
    const trust = trusting(first);
    trust.handover(2, await handoverNote(origin, 3, [stranger], [stranger]));
    trust.checkpoint(noteOf(stranger, 3), 'one');
    expect(trust.refused()).toEqual([{ index: 2, reason: 'unknown-key' }]);
    expect(await problemOf(() => trust.settle())).toEqual(unknown('one'));
  });

  it('when a key signs after it was handed over, does not believe it', async () => {
    const trust = trusting(first);
    trust.handover(2, await handoverNote(origin, 3, [first], [second]));
    trust.checkpoint(noteOf(first, 3), 'late');
    expect(await problemOf(() => trust.settle())).toEqual(unknown('late'));
  });

  it('when no keys are given, does not look at handovers', () => {
    const trust = logTrust({ registry });
    trust.handover(2, 'nothing');
    expect(trust.refused()).toEqual([]);
  });

  it('when more checkpoints than can be put aside wait for a key, names the first', async () => {
    const trust = trusting(first);
    const note = noteOf(stranger, 3);
    for (let count = 0; count < 10_000; count += 1) trust.checkpoint(note, `note ${count}`);
    expect(await problemOf(() => trust.checkpoint(note, 'one more'))).toEqual(unknown('note 0'));
  });
});
