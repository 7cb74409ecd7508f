import { app } from '@azure/functions';

const seen: unknown[] = [];

app.storageQueue('work', {
  queueName: 'work',
  connection: 'QUEUES',
  handler: (message, context) => {
    const { id, dequeueCount, insertionTime, queueTrigger } = context.triggerMetadata ?? {};
    seen.push({ message, id, dequeueCount, insertionTime, queueTrigger });
    if (message === 'fail' || (message === 'fail once' && dequeueCount === 1)) throw new Error('not yet');
  },
});
app.http('seen', { handler: () => ({ jsonBody: seen }) });
