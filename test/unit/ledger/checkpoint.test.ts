import { describe, expect, it } from '@jest/globals';
import { checkpointText, originOf, readCheckpoint } from '../../../src/ledger/checkpoint.ts';
import { readNote } from '../../../src/ledger/signed-note.ts';

/** The example of https://c2sp.org/tlog-checkpoint. */
const example =
  'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
  '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';

describe('a checkpoint', () => {
  it('when it is the example of the specification, is read, and written the same', () => {
    const text = readNote(example)?.text ?? '';
    const checkpoint = readCheckpoint(text);
    expect(checkpoint).toMatchObject({
      origin: 'example.com/behind-the-sofa',
      size: 20_852_163,
      extensions: [],
    });
    expect(checkpoint && checkpointText(checkpoint)).toBe(text);
  });

  it('when it has more lines, keeps them', () => {
    const text = `log\n0\n${Buffer.alloc(32).toString('base64')}\none\ntwo\n`;
    const checkpoint = readCheckpoint(text);
    expect(checkpoint).toMatchObject({ size: 0, extensions: ['one', 'two'] });
    expect(checkpoint && checkpointText(checkpoint)).toBe(text);
  });

  const root = Buffer.alloc(32, 1).toString('base64');
  it.each([
    ['no newline at its end', `log\n1\n${root}`],
    ['another character for that newline', `log\n1\n${root}x`],
    ['no origin', `\n1\n${root}\n`],
    ['zeroes before its size', `log\n01\n${root}\n`],
    ['a sign', `log\n-1\n${root}\n`],
    ['a size that no number can hold', `log\n9999999999999999\n${root}\n`],
    ['a size in other digits', `log\n１\n${root}\n`],
    ['no root', 'log\n1\n'],
    ['a root of another length', `log\n1\n${Buffer.alloc(31).toString('base64')}\n`],
    ['base64 with bits left over', `log\n1\n${root.slice(0, -2)}F=\n`],
    ['an empty line', `log\n1\n${root}\n\nmore\n`],
  ])('when it has %s, is none', (_, text) => {
    expect(readCheckpoint(text)).toBeUndefined();
  });

  it("of a registry's log names the registry in its origin", () => {
    expect(originOf('contoso.azurecr.io')).toBe('acr-audit/contoso.azurecr.io');
  });
});
