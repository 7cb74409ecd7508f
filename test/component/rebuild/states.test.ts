import { describe, expect, it } from '@jest/globals';
import type { JsonContent, Statement } from '../../../src/history/statement.ts';
import { planStatement } from '../../../src/history/statement-plan.ts';
import { stateReader } from '../../../src/storage/state-reader.ts';
import { storesOver } from '../../builders/history-stores.ts';
import { contents, damage, rebuilt, recorded } from './stored-history.ts';

const repository = { registry: 'contoso.azurecr.io', repository: 'team/app' };
const start = Date.UTC(2026, 4, 2, 14);

function stated(minute: number, key: string, content?: JsonContent): Statement {
  const time = start + minute * 60_000;
  return {
    ...repository,
    at: { time, id: `state.${minute}` },
    recordedAt: time,
    kind: 'approval-changed',
    content: { by: 'somebody' },
    states: [content === undefined ? { key } : { key, content }],
  };
}

async function setting() {
  const tables = await recorded([]);
  const { writer } = storesOver(tables);
  const reader = stateReader(tables.repositories);
  return {
    tables,
    reader,
    commit: (statement: Statement, over?: readonly (readonly [string, string])[]) =>
      writer.commit(repository, planStatement(statement, new Map(over))),
  };
}

describe('when statements tell the state of something', () => {
  it('the newest is what is so now, and one without content ends it', async () => {
    const { reader, commit } = await setting();
    await commit(stated(1, 'a|one', { state: 'requested' }));
    await commit(stated(2, 'a|one', { state: 'protected' }));
    await commit(stated(3, 'a|two', { state: 'requested' }));
    await commit(stated(4, 'k|tag:prod', { canDelete: false }));
    await commit(stated(5, 'k|tag:prod'));
    const all = async (prefix: string) =>
      (await Array.fromAsync(reader.states(repository, prefix))).map(({ key, content }) => [key, content]);
    expect(await all('a|')).toEqual([
      ['a|one', { state: 'protected' }],
      ['a|two', { state: 'requested' }],
    ]);
    expect(await all('k|')).toEqual([]);
    expect(await reader.state(repository, 'k|tag:prod')).toBeUndefined();
  });

  it('one that was read at another version commits nothing', async () => {
    const { tables, reader, commit } = await setting();
    expect(await commit(stated(1, 'a|one', { state: 'requested' }), [['a|one', 'absent']])).toBe('committed');
    const read = await reader.state(repository, 'a|one');
    await commit(stated(2, 'a|one', { state: 'protecting' }));
    const before = contents(tables);
    expect(await commit(stated(3, 'a|one', { state: 'failed' }), [['a|one', 'absent']])).toBe('conflict');
    expect(await commit(stated(3, 'a|one', { state: 'failed' }), [['a|one', read?.version ?? '']])).toBe(
      'conflict',
    );
    expect(contents(tables)).toEqual(before);
  });

  it.each(['removed', 'edited', 'emptied', 'doubled'] as const)(
    'a row that was %s is rebuilt',
    async (how) => {
      const { tables, commit } = await setting();
      await commit(stated(1, 'a|one', { state: 'requested' }));
      await commit(stated(2, 'a|one', { state: 'protected', nested: { list: [1, 'two', null] } }));
      await commit(stated(3, 'k|tag:prod', { canDelete: false }));
      await commit(stated(4, 'k|tag:prod'));
      await commit(stated(5, 'v|prod', { answer: 'unused' }));
      const before = contents(tables);
      const row = tables.repositories.rows().find(({ rowKey }) => rowKey === 'a|one');
      if (row === undefined) throw new Error('no row');
      await damage(tables.repositories, row, how);
      await rebuilt(tables);
      expect(contents(tables)).toEqual(before);
    },
  );
});
