import { readFile } from 'node:fs/promises';

/** Memory and CPU of a process. */
export interface ProcessUse {
  readonly rss: number;
  /** Milliseconds since it began. */
  readonly cpuMs: number;
}

// As Linux counts on every machine that Node.js runs on: https://man7.org/linux/man-pages/man7/time.7.html
const ticksPerSecond = 100;
const pageBytes = 4096;

/** What another process uses; `undefined` where there is no /proc, or no such process. */
export async function useOf(pid: number | undefined): Promise<ProcessUse | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // After the name in brackets, which may hold spaces: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (place: number) => Number(fields[place - 3]);
  return {
    rss: number(24) * pageBytes,
    cpuMs: ((number(14) + number(15)) * 1000) / ticksPerSecond,
  };
}

/** CPU milliseconds that the machine wanted and others on the same host had ("steal"); `undefined` where there is no /proc. */
export async function stolenMs(): Promise<number | undefined> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => undefined);
  // `cpu user nice system idle iowait irq softirq steal …`: https://man7.org/linux/man-pages/man5/proc_stat.5.html
  const stolen = text?.split('\n', 1)[0]?.split(/ +/)[8];
  return stolen === undefined ? undefined : (Number(stolen) * 1000) / ticksPerSecond;
}
