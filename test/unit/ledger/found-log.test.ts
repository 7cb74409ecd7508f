import { describe, expect, it } from '@jest/globals';
import { verifyFoundLog } from '../../../src/ledger/found-log.ts';
import { registry, sealedLog, sizesIn } from '../../builders/built-log.ts';

/** A log of three batches, which end at 4, 8 and 12 entries, where it was found. */
function found() {
  const { files, key } = sealedLog(9, 3, 'ed25519');
  const noteAt = (size: number) => Buffer.from(files.get(`checkpoints/${size}`) ?? []).toString();
  const lists = [sizesIn(files)];
  return {
    log: {
      read: async (path: string) => files.get(path),
      sizes: async () => lists.shift() ?? sizesIn(files),
    },
    /** What is listed first. */
    listing: (...sizes: readonly number[]) => lists.splice(0, 1, sizes),
    trust: { registry, keys: [key.keyOf(`acr-audit/${registry}`)] },
    noteAt,
  };
}

describe('a log where it was found', () => {
  it('when it is a copy, is verified as it is', async () => {
    const { log, trust } = found();
    const { verdict, sizes } = await verifyFoundLog(log, trust);
    expect(verdict).toMatchObject({ ok: true, summary: { size: 12, kept: 0 } });
    expect(sizes).toEqual([4, 8, 12]);
  });

  it('when it is a copy that somebody adds to, is verified as it was listed first', async () => {
    const { log, trust, listing } = found();
    listing(4, 8);
    const { verdict, sizes } = await verifyFoundLog(log, trust);
    expect(verdict).toMatchObject({ ok: true, summary: { size: 8 } });
    expect(sizes).toEqual([4, 8]);
  });

  it('when a service shows its newest checkpoint, has grown to it', async () => {
    const { log, trust, noteAt } = found();
    const kept = [{ path: 'kept', note: noteAt(4) }];
    const { verdict } = await verifyFoundLog({ ...log, head: async () => noteAt(12) }, { ...trust, kept });
    expect(verdict).toMatchObject({ ok: true, summary: { kept: 2 } });
  });

  it('when it grows while it is read, is verified as it was listed after its head', async () => {
    const { log, trust, noteAt, listing } = found();
    listing(4, 8);
    const { verdict, sizes } = await verifyFoundLog({ ...log, head: async () => noteAt(12) }, trust);
    expect(verdict).toMatchObject({ ok: true, summary: { size: 12 } });
    expect(sizes).toEqual([4, 8, 12]);
  });

  it('when the service shows an older checkpoint than it has, is replayed', async () => {
    const { log, trust, noteAt } = found();
    const { verdict } = await verifyFoundLog({ ...log, head: async () => noteAt(8) }, trust);
    expect(verdict).toEqual({
      ok: false,
      problem: {
        code: 'replayed-checkpoint',
        message: 'the service shows a checkpoint of 8 entries, and has one of 12',
        path: 'checkpoint',
        index: 8,
      },
    });
  });

  it('when the service shows none where there is one, is a copy', async () => {
    const { log, trust } = found();
    const { verdict } = await verifyFoundLog({ ...log, head: async () => undefined }, trust);
    expect(verdict).toMatchObject({ ok: true, summary: { kept: 0 } });
  });

  it('when what the service shows is of a longer log than it lists, is cut off', async () => {
    const { log, trust, noteAt } = found();
    const cut = { ...log, sizes: async () => [4, 8], head: async () => noteAt(12) };
    expect((await verifyFoundLog(cut, trust)).verdict).toMatchObject({
      ok: false,
      problem: { code: 'older-than-witnessed', path: 'checkpoint', index: 8, lastIndex: 11 },
    });
  });

  it('when what the service shows is no checkpoint, says so', async () => {
    const { log, trust } = found();
    const { verdict } = await verifyFoundLog({ ...log, head: async () => 'down for maintenance' }, trust);
    expect(verdict).toMatchObject({ ok: false, problem: { code: 'not-a-checkpoint', path: 'checkpoint' } });
  });
});
