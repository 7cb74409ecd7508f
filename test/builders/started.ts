import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A run of `local/start.ts`, with everything it prints. */
export function start(...args: string[]) {
  const child = spawn(
    process.execPath,
    ['local/start.ts', '--ephemeral', '--port', '0', '--registry-port', '0', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const told: string[] = [];
  const components = new Map<string, Record<string, unknown>>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const component: Record<string, unknown> = JSON.parse(line);
    components.set(String(component['component']), component);
  });
  const ready = new Promise<void>((done) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      told.push(line);
      if (line.startsWith('The service answers at')) done();
    });
  });
  const ended = once(child, 'close').then(([code]) => code);
  return { child, told, components, ready, ended };
}
