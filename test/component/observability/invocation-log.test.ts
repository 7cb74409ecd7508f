import { describe, expect, it } from '@jest/globals';
import { invocationLog, withinInvocation } from '../../../src/functions/invocation-log.ts';

function sink() {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (...values: unknown[]) =>
      void lines.push(`${level} ${values.join(' ')}`);
  return { lines, context: { info: write('info'), warn: write('warn'), error: write('error') } };
}

describe('a line of the log', () => {
  it('when invocations run at once, is written as of the one that it belongs to', async () => {
    const [one, two, outside] = [sink(), sink(), sink()];
    const log = invocationLog(outside.context);
    const work = async (name: string) => {
      log.info('begun', { name });
      await new Promise((done) => setImmediate(done));
      log.warn('ended', { name });
    };
    await Promise.all([
      withinInvocation(one.context, () => work('one')),
      withinInvocation(two.context, () => work('two')),
    ]);
    log.error('alone');
    for (const [name, { lines }] of [['one', one] as const, ['two', two] as const]) {
      expect(lines).toEqual([
        `info {"level":"info","message":"begun","name":"${name}"}`,
        `warn {"level":"warn","message":"ended","name":"${name}"}`,
      ]);
    }
    expect(outside.lines).toEqual(['error {"level":"error","message":"alone"}']);
  });

  it.each(['succeeds', 'fails'])(
    'when it is written after the invocation, which %s, goes to the console',
    async (end) => {
      const [inside, outside] = [sink(), sink()];
      const log = invocationLog(outside.context);
      let late: Promise<void> | undefined;
      await withinInvocation(inside.context, () => {
        late = new Promise((done) => setImmediate(done)).then(() => log.info('late'));
        if (end === 'fails') throw new Error(end);
      }).catch(() => undefined);
      await late;
      expect(inside.lines).toEqual([]);
      expect(outside.lines).toEqual(['info {"level":"info","message":"late"}']);
    },
  );

  it('when values are called as what every line has, or hold what formats read, they change neither', () => {
    const { lines, context } = sink();
    invocationLog(context).info('sealed', { message: 'finding', level: 'error', tag: '%s %j\n{"level"' });
    expect(lines).toEqual([String.raw`info {"level":"info","message":"sealed","tag":"%s %j\n{\"level\""}`]);
  });
});
