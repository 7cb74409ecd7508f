import { subscribe } from 'node:diagnostics_channel';

/*
 * Loaded before a host (`node --import`), this has it end itself as `kill -9` would at its nth call of storage or of a registry:
 * before the call is made, or when its answer has come and nobody has heard it. Looks at queues that are empty do not count:
 * there are as many as time passes. https://nodejs.org/api/diagnostics_channel.html#http
 */
const killedAt = Number(process.env['KILLED_AT'] ?? 0);
const channel =
  process.env['KILLED_WHEN'] === 'before' ? 'http.client.request.start' : 'http.client.response.finish';
let calls = 0;

subscribe(channel, (message) => {
  if (typeof message !== 'object' || message === null || !('request' in message)) return;
  const { request } = message;
  const path =
    typeof request === 'object' && request !== null && 'path' in request ? String(request.path) : '';
  if (/\/messages\?/.test(path)) return;
  calls += 1;
  if (calls === killedAt) process.kill(process.pid, 'SIGKILL');
});
