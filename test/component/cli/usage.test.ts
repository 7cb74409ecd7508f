import { describe, expect, it } from '@jest/globals';
import { runCommand } from '../../builders/command-run.ts';

describe('when the command line is wrong', () => {
  it.each([
    [['histry'], '(Did you mean history?)'],
    [['history', 'a', 'b'], 'too many arguments'],
    [['resolve'], "missing required argument 'image'"],
    [['history', '--form', 'x'], "unknown option '--form'"],
    [['history', '--output', 'xml'], 'Allowed choices are table, json, csv, ndjson'],
    [['history', '--limit', '0'], '--limit 0 is not a whole number of 1 or more'],
    [['history', '--timeout', 'x'], '--timeout x is not a whole number of 1 or more'],
    [['history', '--api', 'http://audit.contoso.com'], 'is not encrypted'],
    [['history', '--api', 'https://audit.contoso.com'], 'ACR_AUDIT_SCOPE'],
    [['approve', 'team/app:1', '--reason', 'r'], "required option '--environment <name>' not specified"],
    [
      [...['approve', 'team/app:1', '--environment', 'e', '--reason', 'r', '--scan-tool', 't']],
      '--scan-tool and --scan-status belong together',
    ],
    [['verify', '--environment', 'production'], 'name an image'],
    [['verify', '--environment', 'production', '--file', 'absent'], '--file absent cannot be read'],
    [['findings'], 'Usage: acr-audit findings'],
    [['findings', 'show', '../status'], 'is not the id of a finding'],
    [['findings', 'waive', 'a'.repeat(32), '--reason', 'r', '--until', 't'], "'--owner <name>'"],
    [['retention', 'check'], 'name an image'],
    [['retention', 'approve', 'x', '--hash', 'h', '--reason', 'r'], 'is not the id of a plan'],
    [['retention', 'execute', '8204777170864-a41c7f0be2d9', '--reason', 'r'], "'--hash <hash>'"],
    [['completion', 'fish'], 'Allowed choices are bash, zsh'],
    [[], 'Usage: acr-audit'],
  ])('%j: it says so and ends with 2', async (args, problem) => {
    expect(await runCommand(args)).toEqual({ code: 2, out: '', err: expect.stringContaining(problem) });
  });
});

describe('when somebody asks how it is used', () => {
  it.each([
    [['--help'], ['history', 'Exit codes:', 'ACR_AUDIT_API']],
    [
      ['retention', '--help'],
      ['check', 'plan', 'approve', 'execute'],
    ],
    [
      ['help', 'verify'],
      ['--environment', '--strict'],
    ],
    [['--version'], ['0.']],
  ])('%j tells, and ends with 0', async (args, parts) => {
    const ran = await runCommand(args);
    expect([ran.code, ran.err]).toEqual([0, '']);
    for (const part of parts) expect(ran.out).toContain(part);
  });
});
