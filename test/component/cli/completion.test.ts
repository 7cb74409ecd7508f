import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../../builders/command-run.ts';

const shells = ['/bin', '/usr/bin', '/usr/local/bin'];
const has = (shell: string) => shells.some((directory) => existsSync(`${directory}/${shell}`));

describe('completion in bash', () => {
  let script: string;
  beforeAll(async () => {
    script = (await runCommand(['completion', 'bash'])).out;
  });

  /** What bash offers for the last of some words. */
  async function offered(...words: readonly string[]): Promise<readonly string[]> {
    const line = words.map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(acr-audit ${line}); COMP_CWORD=${words.length}; _acr_audit; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-u', '-c', `${script}\n${ask}`]);
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  }

  const whenBash = has('bash') ? it : it.skip;

  whenBash.each<[readonly string[], readonly string[]]>([
    [['hi'], ['history']],
    [['re'], ['resolve', 'retention']],
    [['findings', 'a'], ['acknowledge']],
    [['retention', 'e'], ['execute']],
    [['retention', 'check', '--f'], ['--file']],
    [
      ['history', '--output', ''],
      ['table', 'json', 'csv', 'ndjson'],
    ],
    [['--output', 'n'], ['ndjson']],
    [['history', 'contoso.azurecr.io/team/app', '--ki'], ['--kind']],
    [['history', '-o', 'c'], ['csv']],
    [
      ['uses', '--state', 'r'],
      ['running', 'rollback'],
    ],
    [['findings', 'list', '--severity', 'c'], ['critical']],
    [['completion', 'z'], ['zsh']],
    [['approve', '--scan-status', 'p'], ['passed']],
    // Anything may follow: bash goes on to files.
    [['verify', '--file', ''], []],
    [['history', '--from', ''], []],
  ])('after %j offers %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  whenBash('offers every command first, and the options that all have', async () => {
    const words = await offered('');
    expect(words).toEqual(
      expect.arrayContaining([
        ...['history', 'resolve', 'digest', 'approve', 'verify', 'uses', 'findings', 'retention', 'status'],
        ...['--api', '--output', '--help'],
      ]),
    );
    expect(await offered('retention', 'plan', '--')).toEqual(
      expect.arrayContaining(['--repositories', '--no-wait', '--api', '--wide']),
    );
  });
});

describe('completion in zsh', () => {
  (has('zsh') ? it : it.skip)('can be read by zsh', async () => {
    const script = (await runCommand(['completion', 'zsh'])).out;
    await promisify(execFile)('zsh', ['-n', '-c', script]);
    const words = ['acr-audit', 'findings', 'list', '--severity', 'c'];
    const setup = `compdef() { :; }; compadd() { shift; print -rl -- "$@"; }; ${script}`;
    const ask = `words=(${words.join(' ')}); CURRENT=${words.length}; _acr_audit`;
    const { stdout } = await promisify(execFile)('zsh', ['-f', '-c', `${setup}\n${ask}`]);
    expect(stdout.trim().split('\n')).toEqual(['critical', 'high', 'medium', 'low']);
  });

  (has('bash') ? it : it.skip)('has a body that bash can read as well', async () => {
    const script = (await runCommand(['completion', 'zsh'])).out;
    expect(script).toMatch(/^#compdef acr-audit\n/);
    const body = script.slice(script.indexOf('_acr_audit_next()'), script.indexOf('_acr_audit()'));
    await promisify(execFile)('bash', ['-n', '-c', body]);
  });
});
