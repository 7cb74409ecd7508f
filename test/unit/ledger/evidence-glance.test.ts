import { describe, expect, it } from '@jest/globals';
import { evidenceGlance } from '../../../src/ledger/evidence-glance.ts';
import { digestOf } from '../../builders/registry-event.ts';

const digest = digestOf('index');
const subject = {
  registry: 'contoso.azurecr.io',
  repository: 'team/app',
  digest,
  parts: [digestOf('arm')],
};

/** What is answered to an auditor by sections, and by what was told in no log. */
function glance(sections: Readonly<Record<string, unknown>>, uses: unknown = []): readonly string[] {
  return evidenceGlance({ subject, sections, told: { uses } });
}

/** The answers that begin with a word. */
function answers(word: string, sections: Readonly<Record<string, unknown>>): readonly string[] {
  return glance(sections).filter((line) => line.startsWith(word));
}

const push = { what: 'push', digest, occurredAt: '2026-05-02T14:00:00.000Z' };
const nothing = [
  'Pushed: never, by any record.',
  'Deleted: never, by any record.',
  'Tags it was pushed with: none.',
  'Approvals: none.',
  'Scan results: none.',
  'Locks: set 0 times, undone 0 times by the service.',
  'Legal holds: none.',
  'Findings: 0, of which not resolved: 0.',
  'Uses that the inventories told, in no log: 0 now, 0 that ended.',
];

describe('a pack at a glance', () => {
  it('when no record says anything, each question is answered so', () => {
    expect(glance({})).toEqual(nothing);
  });

  it('when it was pushed and deleted, it says how often, when, and by which tags', () => {
    const timeline = [
      { ...push, tag: 'prod' },
      { ...push, tag: 'latest', occurredAt: '2026-05-02T15:00:00.000Z' },
      { ...push, tag: 'prod', occurredAt: '2026-05-02T16:00:00.000Z' },
      { ...push, what: 'delete', occurredAt: '2026-05-03T00:00:00.000Z' },
    ];
    expect(glance({ timeline })).toEqual([
      'Pushed: 3 times, from 2026-05-02T14:00:00.000Z to 2026-05-02T16:00:00.000Z.',
      'First pushed by: not known.',
      'Deleted: 2026-05-03T00:00:00.000Z.',
      'Tags it was pushed with: prod, latest.',
      ...nothing.slice(3),
    ]);
  });

  it('when its parts, or what its tag went on to, were pushed and deleted, that is not told as its own', () => {
    const timeline = ['push', 'delete'].flatMap((what) => [
      { ...push, what, digest: digestOf('arm'), of: 'part', tag: 'arm' },
      { ...push, what, digest: digestOf('next'), of: 'another', tag: 'prod' },
    ]);
    expect(glance({ timeline })).toEqual(nothing);
  });

  it.each([
    ['the log of the registry', { by: { identity: 'ci' }, client: { actor: 'token' } }, 'ci'],
    ['the event alone', { client: { actor: 'token' } }, 'token'],
    ['the log without a name, and the event', { by: { at: 't' }, client: { actor: 'token' } }, 'token'],
    ['none of them', { client: { userAgent: 'docker' } }, 'not known'],
    ['something that is no object', { by: ['identity'], client: 'actor' }, 'not known'],
  ])('when it is told who pushed by %s, that is who did', (_, more, name) => {
    const timeline = [
      { ...push, ...more },
      { ...push, by: { identity: 'later' } },
    ];
    expect(answers('First pushed by', { timeline })).toEqual([`First pushed by: ${name}.`]);
  });

  it('when it was approved, it says for what, by whom, when and why, and what became of it', () => {
    const approval = {
      environment: 'production',
      approver: { name: 'Release manager', id: 'release-1' },
      requestedAt: '2026-05-02T14:01:00.000Z',
      state: 'protected',
      reason: 'release 7',
    };
    const approvals = [{ approval }, { approval: { ...approval, approver: { id: 'ci' }, state: 'failed' } }];
    expect(answers('Approv', { approvals })).toEqual([
      'Approved for production by Release manager, release-1 at 2026-05-02T14:01:00.000Z: protected. Reason: release 7.',
      'Approved for production by ci at 2026-05-02T14:01:00.000Z: failed. Reason: release 7.',
    ]);
  });

  it('when it was scanned, or a vulnerability was found, it says by what, and what came of it', () => {
    const scans = [
      { content: { tool: 'trivy', status: 'passed' }, occurredAt: '2026-05-02T14:01:00.000Z' },
      {
        content: { kind: 'VulnerableImageInUse', severity: 'high', status: 'open' },
        occurredAt: '2026-05-02T14:02:00.000Z',
      },
    ];
    expect(answers('Scan', { scans })).toEqual([
      'Scanned: trivy, passed, told at 2026-05-02T14:01:00.000Z.',
      'Scanned: open, VulnerableImageInUse, high, told at 2026-05-02T14:02:00.000Z.',
    ]);
  });

  it('when it is held, it says since when and why, and whether that still is so', () => {
    const holds = [
      { hold: { placedAt: '2026-05-02T14:03:00.000Z', state: 'lifted', reason: 'litigation' } },
      { hold: { placedAt: '2026-05-02T14:04:00.000Z', state: 'held', reason: 'audit' } },
    ];
    expect(answers('Legal hold', { holds })).toEqual([
      'Legal hold since 2026-05-02T14:03:00.000Z: lifted. Reason: litigation.',
      'Legal hold since 2026-05-02T14:04:00.000Z: held. Reason: audit.',
    ]);
  });

  it('when locks were set and undone, they are counted, and those that were only seen are not', () => {
    const locks = ['lock-set', 'locks-seen', 'lock-set', 'lock-undone', 'lock-set'].map((what) => ({ what }));
    expect(answers('Locks', { locks })).toEqual(['Locks: set 3 times, undone 1 times by the service.']);
  });

  it('when something was found, it says how much of it is not resolved, and each kind of that once', () => {
    const findings = [
      { kind: 'LockRemoved', status: 'open' },
      { kind: 'TagMoved', status: 'resolved' },
      { kind: 'LockRemoved', status: 'acknowledged' },
      { kind: 'ProtectedDeleted', status: 'open' },
    ];
    expect(answers('Findings', { findings })).toEqual([
      'Findings: 4, of which not resolved: 3 (LockRemoved, ProtectedDeleted).',
    ]);
  });

  it('when it is used, uses that ended are counted apart', () => {
    const uses = [{ name: 'api' }, { name: 'web', endedAt: '2026-05-02T14:05:00.000Z' }, { name: 'job' }];
    expect(glance({}, uses).at(-1)).toBe('Uses that the inventories told, in no log: 2 now, 1 that ended.');
  });

  it('when a section is no list, or a row no object, as whoever made the pack may have it, that is passed over', () => {
    expect(glance({ timeline: 'none', approvals: { length: 1 }, holds: null, scans: 1 }, {})).toEqual(
      nothing,
    );
    const findings = [null, 'open', ['open'], 1, { status: 7, kind: ['TagMoved'] }];
    expect(answers('Findings', { findings })).toEqual(['Findings: 1, of which not resolved: 1 (none).']);
  });
});
