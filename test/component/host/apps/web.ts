import { Readable } from 'node:stream';
import { app, type HttpRequest, type HttpResponseInit, output, trigger } from '@azure/functions';

async function echo(request: HttpRequest): Promise<HttpResponseInit> {
  return {
    jsonBody: {
      method: request.method,
      url: request.url,
      params: { ...request.params },
      query: Object.fromEntries(request.query),
      agent: request.headers.get('x-agent'),
      body: await request.text(),
    },
  };
}

app.http('echo', { methods: ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT'], handler: echo });
app.http('item', { route: 'items/{id:int}/{part?}', handler: echo });
app.http('itemByName', { route: 'items/{name}', handler: echo });
app.http('itemsNew', { route: 'items/new', handler: echo });
app.http('tail', { route: 'files/{kind}/{*rest}', handler: echo });
app.http('throws', {
  handler: () => {
    throw new Error('secret of the handler');
  },
});
app.generic('nothing', {
  trigger: trigger.http({ methods: ['GET', 'POST'] }),
  return: output.http({}),
  handler: () => undefined,
});
app.http('badAnswer', { handler: () => JSON.parse('"text"') });
app.http('binary', {
  methods: ['POST'],
  handler: async (request) => ({
    status: 201,
    headers: { 'content-type': 'application/octet-stream', 'x-own': 'yes', connection: 'close' },
    body: new Uint8Array(await request.arrayBuffer()).reverse(),
  }),
});
app.http('cookies', {
  handler: () => ({
    body: 'ok',
    cookies: [
      { name: 'a', value: 'b;c', path: '/', httpOnly: true, secure: true, sameSite: 'None', maxAge: 60 },
      { name: 'd', value: 'e', expires: new Date(0), domain: 'contoso.example', sameSite: 'Lax' },
      { name: 'f', value: 'g', expires: new Date(1000) },
    ],
  }),
});
app.http('stream', { handler: () => ({ body: Readable.from([Buffer.from('one,'), Buffer.from('two')]) }) });
app.http('notModified', { handler: () => ({ status: 304, headers: { etag: '"1"' } }) });
app.http('logs', {
  handler: (_request, context) => {
    context.log('seen at information');
    context.debug('seen at debug');
    context.warn('forged\n2026-01-01T00:00:00.000Z error host: entry\u001b[31m');
    console.log('printed by the app');
    return {
      jsonBody: { id: context.invocationId, name: context.functionName, trace: context.traceContext },
    };
  },
});
app.http('withKey', { authLevel: 'function', handler: () => ({ body: 'function' }) });
app.http('otherWithKey', { authLevel: 'function', handler: () => ({ body: 'function' }) });
app.http('withMaster', { authLevel: 'admin', handler: () => ({ body: 'admin' }) });
app.http('switchedOff', { handler: () => ({ body: 'on' }) });
app.eventGrid('events', { handler: () => undefined });
