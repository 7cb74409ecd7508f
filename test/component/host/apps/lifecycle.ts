import { appendFileSync } from 'node:fs';
import { app, output, trigger } from '@azure/functions';

const trail = process.env['TRAIL'] ?? '';
const note = (text: string) => appendFileSync(trail, `${text}\n`);

app.hook.appStart((context) => {
  context.hookData['started'] = true;
  note('appStart');
});
app.hook.appTerminate((context) => note(`appTerminate ${String(context.hookData['started'])}`));
app.hook.preInvocation((context) => {
  context.hookData['function'] = context.invocationContext.functionName;
  if (context.invocationContext.functionName === 'replaced')
    context.functionHandler = () => ({ body: 'replaced' });
});
app.hook.postInvocation((context) => {
  if (context.hookData['function'] === 'healed') {
    context.error = undefined;
    context.result = { body: 'healed' };
  }
  if (context.hookData['function'] === 'spoiled') context.error = new Error('spoiled by a hook');
});

app.generic('retried', {
  trigger: trigger.http({}),
  return: output.http({}),
  retry: { strategy: 'fixedDelay', maxRetryCount: 3, delayInterval: 0 },
  handler: () => {
    note('retried ran');
    throw new Error('once only');
  },
});
app.http('replaced', { handler: () => ({ body: 'original' }) });
app.http('healed', {
  handler: () => {
    throw new Error('to be healed');
  },
});
app.http('spoiled', { handler: () => ({ body: 'original' }) });
app.http('late', {
  handler: () => {
    app.http('tooLate', { handler: () => ({ body: 'too late' }) });
    return { body: 'late' };
  },
});
app.http('slow', {
  handler: async () => {
    note('slow began');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    note('slow ended');
    return { body: 'slow' };
  },
});
app.http('endless', {
  handler: () => {
    note('endless began');
    return new Promise(() => undefined);
  },
});
app.http('crash', {
  handler: () => {
    setImmediate(() => {
      throw new Error('thrown outside an invocation');
    });
    return new Promise(() => undefined);
  },
});
app.http('reject', {
  handler: () => {
    void Promise.reject(new Error('rejected outside an invocation'));
    return new Promise(() => undefined);
  },
});
