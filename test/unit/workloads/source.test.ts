import { describe, expect, it } from '@jest/globals';
import { readPattern } from '../../../src/registry/pattern.ts';
import { placed, workloadText } from '../../../src/workloads/source.ts';
import { claimOf } from './claims.ts';

describe('a workload as one text', () => {
  it.each([
    [
      { kind: 'Deployment', namespace: 'shop', name: 'web', container: 'app' },
      'aks Deployment shop/web container app',
    ],
    [{ kind: 'CronJob', namespace: 'shop', name: 'tidy' }, 'aks CronJob shop/tidy'],
    [{ kind: 'Compose', name: 'web', container: 'app' }, 'aks Compose web container app'],
    [{ kind: 'Compose', name: 'web' }, 'aks Compose web'],
  ])('says of %j where it is', (workload, text) => {
    expect(workloadText({ source: 'aks', workload })).toBe(text);
  });
});

describe('a workload of no namespace', () => {
  it('is under a rule about every namespace, and under none that asks for a name', () => {
    const { workload, state } = claimOf();
    const { namespace: _, ...nowhere } = workload;
    const environmentOf = (pattern: string) => {
      const reading = readPattern(pattern);
      if (!reading.ok) throw new Error(reading.problem);
      const rules = [{ namespaces: reading.pattern, environment: 'staging' }];
      return placed({ rules }, { workload: nowhere, state, image: 'app' }).workload;
    };
    expect(environmentOf('.*')).toEqual({ ...nowhere, environment: 'staging' });
    expect(environmentOf('.+')).toEqual(nowhere);
  });
});
