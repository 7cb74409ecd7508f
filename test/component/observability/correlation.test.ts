import { describe, expect, it } from '@jest/globals';
import { type LoggedLine, linesOfDeletion } from '../../builders/logged-lines.ts';

/** The lines of a message that have some values, as a receiver of telemetry finds them. */
function found(lines: readonly LoggedLine[], message: string, wanted: Readonly<Record<string, unknown>>) {
  return lines.filter(
    (line) =>
      line.message === message && Object.entries(wanted).every(([name, value]) => line[name] === value),
  );
}

describe('when the digest that a workload runs is deleted', () => {
  // An id with a character that keys reserve: the record's id is another text then.
  const event = 'b1c2/deleted';
  const record = 'b1c2=2Fdeleted';

  it('the id of the event leads over its record to the judgement, the finding and each alert', async () => {
    const lines = await linesOfDeletion(event);
    expect(found(lines, 'event recorded', { event })).toMatchObject([{ record, kind: expect.any(String) }]);
    const [judged] = found(lines, 'deletion judged', { event, record });
    expect(judged).toMatchObject({
      answer: 'used',
      uses: 1,
      finding: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const finding = judged?.['finding'];
    const [told] = found(lines, 'finding', { id: finding, record });
    expect(told).toMatchObject({ level: 'error', kind: 'DeletedDigestInUse', change: 'opened' });
    const alert = told?.['alert'];
    expect(found(lines, 'alert told', { alert, finding, record })).toMatchObject([{ to: 'log' }]);
    expect(found(lines, 'alert given up', { alert, finding, record })).toMatchObject([{ to: 'ops' }]);
    expect(found(lines, 'alert not taken', { alert, finding, record })).toMatchObject([{ to: 'chat' }]);
  });

  it('told again, the event is known, and nothing is told twice', async () => {
    const lines = await linesOfDeletion(event);
    expect(found(lines, 'event known', { event })).toHaveLength(1);
    expect(found(lines, 'event recorded', { event })).toHaveLength(1);
    expect(found(lines, 'finding', { record, change: 'opened' })).toHaveLength(1);
  });
});
