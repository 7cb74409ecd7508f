import { beforeAll, describe, expect, it } from '@jest/globals';
import { type EvidencePack, imageOf, readPack } from '../../../src/ledger/evidence-pack.ts';
import { changedValue } from '../../builders/changed-value.ts';
import { evidencePacks, released, waitingLeaf } from '../../builders/evidence-pack.ts';

let pack: EvidencePack;

beforeAll(async () => {
  pack = await (await evidencePacks()).pack({ waiting: [waitingLeaf] });
});

const readChanged = (path: string, value: unknown) => readPack(changedValue(pack, path, value));

describe('reading a pack', () => {
  it('when it is as the service writes it, all of it is read', () => {
    expect(readPack(JSON.parse(JSON.stringify(pack)))).toEqual(pack);
    expect(readPack({ ...pack, summary: '<!doctype html>' })).toEqual({
      ...pack,
      summary: '<!doctype html>',
    });
  });

  it.each<[string, string, unknown]>([
    [
      'the digest itself',
      'subject',
      { registry: 'contoso.azurecr.io', repository: 'team/app', digest: released.arm, parts: [] },
    ],
    ['something of which no entry states a horizon', 'horizon', undefined],
    ['something of which nothing is sealed', 'logs', []],
    ['a record that nothing announced', 'waiting.0.reason', 'unannounced'],
    ['a record with as many hashes as a log can need', 'records.0.proof', Array(64).fill('hash')],
    ['a record at the beginning of the log', 'horizon.record', 0],
  ])('when it is of %s, it is read as well', (_, path, value) => {
    expect(readChanged(path, value)).toEqual(changedValue(pack, path, value));
  });

  const noObjects = [undefined, null, 'text', 1, [{}]];
  const noTexts = [undefined, null, 1, ['text'], {}];
  const noTimes = [
    ...noTexts,
    'yesterday',
    '2026-05-02',
    '2026-05-02T14:00:00Z',
    '2026-05-02T16:00:00.000+02:00',
  ];
  const noIndexes = [undefined, null, '1', -1, 1.5, 2 ** 53, Number.NaN];
  const noDigests = [...noTexts, 'sha256:00', released.index.toUpperCase(), ` ${released.index}`];
  const subject = ['subject', 'is no digest of a repository, or has no parts'] as const;
  const horizon = ['horizon', 'is no time with its record'] as const;

  it.each<[string, readonly unknown[], readonly [string, string]]>([
    ['format', [...noTexts, 'acr-audit-evidence/2'], ['format', 'is not acr-audit-evidence/1']],
    ['madeAt', noTimes, ['madeAt', 'is no time']],
    ['subject', noObjects, subject],
    ['subject.registry', noTexts, subject],
    ['subject.repository', noTexts, subject],
    ['subject.digest', noDigests, subject],
    ['subject.parts', [...noTexts.slice(0, 3), released.arm, {}], subject],
    ['subject.parts.1', noDigests.slice(1), subject],
    ['subject.tag', noTexts, subject],
    ['subject.at', noTimes, subject],
    ['subject.platform', ['linux/arm64'], subject],
    ['logs', [undefined, null, 'text', {}], ['logs', 'is no list']],
    ['logs.0', noObjects.slice(1), ['logs[0]', 'cannot be read']],
    ['logs.0.registry', noTexts, ['logs[0]', 'cannot be read']],
    ['logs.0.checkpoint', noTexts, ['logs[0]', 'cannot be read']],
    ['logs.0.keys', [undefined, 'key', {}, ['key', 1], [null]], ['logs[0]', 'cannot be read']],
    ['records', [undefined, null, 'text', {}], ['records', 'is no list']],
    ['records.1', noObjects.slice(1), ['records[1]', 'cannot be read']],
    ['records.1.registry', noTexts, ['records[1]', 'cannot be read']],
    ['records.1.leaf', noTexts, ['records[1]', 'cannot be read']],
    ['records.1.index', noIndexes, ['records[1]', 'cannot be read']],
    [
      'records.1.proof',
      [undefined, 'hash', {}, ['hash', 1], Array(65).fill('hash')],
      ['records[1]', 'cannot be read'],
    ],
    ['waiting', [undefined, null, 'text', {}], ['waiting', 'is no list']],
    ['waiting.0', noObjects.slice(1), ['waiting[0]', 'cannot be read']],
    ['waiting.0.leaf', noTexts, ['waiting[0]', 'cannot be read']],
    ['waiting.0.reason', [...noTexts, 'sealed'], ['waiting[0]', 'cannot be read']],
    ['horizon', noObjects.slice(1), horizon],
    ['horizon.record', noIndexes, horizon],
    ['horizon.comparedAt', noTimes, horizon],
    ['sections', noObjects, ['sections', 'is no object']],
    ['told', noObjects, ['told', 'is no object']],
    ['summary', noTexts.slice(1), ['summary.html', 'is no text']],
    ['approvedBy', ['everybody'], ['approvedBy', 'is nothing that a pack has']],
  ])('when its %s is none, that is named', (path, values, [where, problem]) => {
    for (const value of values) expect(readChanged(path, value)).toEqual({ where, problem });
  });

  it('when it is no object at all, it says so', () => {
    for (const value of noObjects) expect(readPack(value)).toEqual({ where: '$', problem: 'is no object' });
  });

  it('when a name that it should not have is long, its beginning is told', () => {
    expect(readPack({ ...pack, ['n'.repeat(1_000)]: 1 })).toMatchObject({ where: 'n'.repeat(64) });
  });
});

describe('the image of a pack', () => {
  it('when a tag was asked for, is the tag, else the digest', () => {
    const { tag: _, ...itself } = pack.subject;
    expect(imageOf(pack.subject)).toBe('contoso.azurecr.io/team/app:prod');
    expect(imageOf(itself)).toBe(`contoso.azurecr.io/team/app@${released.index}`);
  });
});
