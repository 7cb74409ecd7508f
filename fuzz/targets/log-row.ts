import fc from 'fast-check';
import { readChange, readLogin, timeOfRow } from '../../src/acr/log-reading.ts';
import { isRepositoryName, isTag } from '../../src/registry/name.ts';
import { isClean, jsonOf } from '../outside-json.ts';
import { accepted, hold, holdBounded, refused, type Target } from '../target.ts';
import { asJson, digests, maybe, mostly, outsideTexts, repositories, tags, times } from '../values.ts';

const rows = fc.record({
  TimeGenerated: mostly(times),
  OperationName: mostly(fc.constantFrom('Push', 'Delete', 'Pull', 'Untag', 'Purge', 'Login')),
  Repository: mostly(repositories),
  Digest: maybe(digests),
  Tag: maybe(tags),
  UserAgent: maybe(outsideTexts),
  Identity: maybe(outsideTexts),
  CallerIpAddress: maybe(outsideTexts),
  CorrelationId: maybe(fc.uuid()),
  ResultDescription: maybe(fc.constantFrom('201', '403', 404, ' 500 ', '')),
});

/** Rows of the registry's diagnostic logs. */
export const logRow: Target = {
  name: 'log-row',
  form: 'text',
  property:
    'a row is read with names that are names and clean texts, or is unreadable, or another; none that was refused by the registry counts',
  made: rows.map(asJson),
  words: [
    'TimeGenerated',
    'OperationName',
    'Push',
    'Delete',
    'ResultDescription',
    '403',
    'Repository',
    'Identity',
  ],
  large: {
    identity: (length) =>
      asJson({
        TimeGenerated: '2026-05-02T14:00:00Z',
        Repository: 'a',
        OperationName: 'Push',
        Identity: '\u202e'.repeat(length),
      }),
    result: (length) =>
      asJson({
        TimeGenerated: '2026-05-02T14:00:00Z',
        Repository: 'a',
        OperationName: 'Push',
        ResultDescription: ' '.repeat(length),
      }),
    repository: (length) =>
      asJson({
        TimeGenerated: '2026-05-02T14:00:00Z',
        Repository: 'a-'.repeat(length / 2),
        OperationName: 'Push',
      }),
  },
  check(text) {
    const json = jsonOf(text);
    if (typeof json?.value !== 'object' || json.value === null) return refused('no row');
    const sent = Object.fromEntries(Object.entries(json.value));
    const time: unknown = sent['TimeGenerated'];
    // The SDK gives times as dates, also what is none.
    const row = { ...sent, ...(typeof time === 'string' ? { TimeGenerated: new Date(time) } : {}) };
    const [change, login, at] = [readChange(row), readLogin(row), timeOfRow(row)];
    holdBounded([change, login], '', 8_000, 0);
    hold(isClean(change) && isClean(login), 'it has what should not be in it');
    const said: unknown = sent['ResultDescription'];
    const result = typeof said === 'string' || typeof said === 'number' ? String(said).trim() : '';
    hold(!(typeof change === 'object' && /^[45]\d\d$/.test(result)), 'what was refused is told as done');
    if (typeof change === 'object') {
      hold(change.at === at && isRepositoryName(change.repository), 'it is of no repository, or of no time');
      hold(change.tag === undefined || isTag(change.tag), 'its tag is none');
    }
    const kind = [change, login]
      .map((one) => (typeof one === 'object' ? Object.keys(one).join() : one))
      .join(' ');
    return typeof change === 'object' || typeof login === 'object' ? accepted(kind) : refused(kind);
  },
};
