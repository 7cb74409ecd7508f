import { app, type InvocationContext } from '@azure/functions';

const seen: unknown[] = [];
let arrived = 0;
let release: () => void = () => undefined;
const both = new Promise<void>((resolve) => {
  release = resolve;
});

function keep(event: unknown, context: InvocationContext): void {
  seen.push({ event, metadata: context.triggerMetadata });
}

app.eventGrid('keep', { handler: keep });
app.eventGrid('waitForEachOther', {
  handler: async () => {
    arrived += 1;
    if (arrived === 2) release();
    await both;
  },
});
app.eventGrid('failOnBad', {
  handler: (event, context) => {
    keep(event, context);
    if (event.subject === 'bad') throw new Error('a bad event');
  },
});
app.generic('batch', {
  trigger: { type: 'eventGridTrigger', name: 'batch', cardinality: 'many' },
  handler: (events: unknown) => {
    seen.push({ batch: events });
  },
});
app.storageQueue('fromQueue', {
  queueName: '%QUEUE_NAME%',
  connection: 'QUEUES',
  handler: (message) => {
    seen.push({ message });
  },
});
app.timer('rarely', {
  schedule: '0 0 0 1 1 *',
  handler: (timer) => {
    seen.push({ timer });
  },
});
app.http('seen', {
  handler: () => ({ jsonBody: seen.splice(0) }),
});
