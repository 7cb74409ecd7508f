#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { run } from './run.ts';
import type { Terminal, TextStream } from './terminal.ts';

function streamOf(stream: NodeJS.WriteStream): TextStream {
  // Who reads may stop reading, as `head` does.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return { isTerminal: stream.isTTY === true, write: (written) => void stream.write(written) };
}

const terminal: Terminal = {
  out: streamOf(process.stdout),
  err: streamOf(process.stderr),
  env: process.env,
  readText: (path) => (path === '-' ? text(process.stdin) : readFile(path, 'utf8')),
  pause: (ms) => pause(ms),
};

const ended = run(process.argv.slice(2), terminal, {
  // Its SDK is large, and on the machine itself nobody signs in.
  token: async (scope) => (await import('./entra-sign-in.ts')).entraToken(scope),
});
void ended.then((code) => {
  process.exitCode = code;
});
