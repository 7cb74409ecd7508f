import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../src/history/change.ts';
import type { LocksSeen, ManifestDescription } from '../../../src/history/observation.ts';
import { statedDescription, statedLocks } from '../../../src/history/observation.ts';
import type { Statement } from '../../../src/history/statement.ts';
import { consequencesOf, planStatement } from '../../../src/history/statement-plan.ts';
import { unlocked } from '../../../src/registry/lock-state.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { repository, sighting } from './sightings.ts';

const [index, arm, amd] = [digestOf('index'), digestOf('arm'), digestOf('amd')];

function described(description: ManifestDescription, children: readonly (typeof arm)[] = []): Statement {
  const [statement] = statedDescription(
    repository,
    { description, children: children.map((digest) => ({ digest })) },
    sighting,
  );
  if (statement === undefined) throw new Error('nothing was stated');
  return statement;
}

describe('when a statement is recorded', () => {
  const signature = { digest: arm, subject: amd };
  const locked: LocksSeen = {
    of: { tag: 'prod' },
    locks: { ...unlocked, canWrite: false },
    before: unlocked,
  };

  it.each<[string, () => Statement, readonly Change[]]>([
    [
      'a manifest is described',
      () => described({ digest: arm }),
      [{ write: 'description', description: { digest: arm } }],
    ],
    [
      'what it is about can be asked for it',
      () => described(signature),
      [
        { write: 'description', description: signature },
        { write: 'referrer', subject: amd, referrer: signature },
      ],
    ],
    [
      'an index and what it lists can be asked for each other',
      () => described({ digest: index, children: 2 }, [arm, amd]),
      [
        { write: 'child', index, child: { digest: arm } },
        { write: 'parent', child: arm, index },
        { write: 'child', index, child: { digest: amd } },
        { write: 'parent', child: amd, index },
        { write: 'description', description: { digest: index, children: 2 } },
      ],
    ],
    [
      'locks are what they are',
      () => statedLocks(repository, locked, sighting),
      [{ write: 'locks', of: locked.of, locks: locked.locks }],
    ],
    [
      'nothing follows from what lists manifests of no index',
      () => ({ ...described({ digest: index }), content: { manifests: [{ digest: arm }] } }),
      [],
    ],
  ])('%s', (_, stated, changes) => {
    const statement = stated();
    expect(consequencesOf(statement)).toEqual(changes);
    expect(planStatement(statement)).toEqual([{ write: 'statement', statement }, ...changes]);
  });

  it('each state is what it leaves it in, over the version that was read', () => {
    const content = { state: 'protected' };
    const statement: Statement = {
      ...repository,
      at: { time: sighting.at, id: 'approved' },
      recordedAt: sighting.recordedAt,
      kind: 'approval-changed',
      content: {},
      states: [{ key: 'a|one', content }, { key: 'k|tag:prod' }],
    };
    const { at } = statement;
    expect(planStatement(statement, new Map([['a|one', 'version-1']]))).toEqual([
      { write: 'statement', statement },
      { write: 'state', at, key: 'a|one', content, over: 'version-1' },
      { write: 'state', at, key: 'k|tag:prod' },
    ]);
    expect(planStatement(statement)[1]).not.toHaveProperty('over');
  });
});
