import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseHostJson } from '../../../local/host/host-json.ts';
import { connectionString, isDisabled, resolveExpressions } from '../../../local/host/settings.ts';

describe('host.json', () => {
  it('when nothing is said, the defaults are those of Azure', () => {
    expect(parseHostJson({ version: '2.0' })).toEqual({
      functionTimeout: 1_800_000,
      routePrefix: 'api',
      queues: {
        batchSize: 16,
        newBatchThreshold: 8,
        maxDequeueCount: 5,
        visibilityTimeout: 0,
        maxPollingInterval: 2_000,
        messageEncoding: 'base64',
      },
    });
  });

  it('when values are given, they count, and unknown keys are left alone', () => {
    const hostJson = parseHostJson({
      version: '2.0',
      functionTimeout: '-1',
      logging: { logLevel: { default: 'Warning' } },
      extensions: {
        http: { routePrefix: '/v1/', hsts: {} },
        queues: { batchSize: 3, visibilityTimeout: '00:00:30', messageEncoding: 'none' },
      },
    });
    expect(hostJson.functionTimeout).toBeUndefined();
    expect(hostJson.routePrefix).toBe('v1');
    expect(hostJson.queues).toMatchObject({
      newBatchThreshold: 1,
      visibilityTimeout: 30_000,
      messageEncoding: 'none',
    });
  });

  it.each([
    [null, 'host.json: '],
    [{}, 'version: '],
    [{ version: '1.0' }, 'version: '],
    [{ version: '2.0', functionTimeout: '-00:01:00' }, 'functionTimeout: '],
    [{ version: '2.0', extensions: { queues: { batchSize: 33 } } }, 'extensions.queues.batchSize: '],
    [{ version: '2.0', extensions: { http: { routePrefix: 1 } } }, 'extensions.http.routePrefix: '],
  ])('when host.json is %j, the bad field is named', (content, problem) => {
    expect(() => parseHostJson(content)).toThrow(problem);
  });

  it("when operators read how many messages of a queue are worked on at once, it is the deployed file's number", () => {
    const { queues } = parseHostJson(JSON.parse(readFileSync('host.json', 'utf8')));
    const said = /^\| messages worked on at once +\| (\w+) of each queue/m.exec(
      readFileSync('docs/operations.md', 'utf8'),
    );
    const words = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
    // New ones are taken when so few are left: https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
    expect(words.indexOf(said?.[1] ?? '')).toBe(queues.batchSize + queues.newBatchThreshold);
  });
});

describe('settings', () => {
  it('when a text names settings, they are filled in once, and missing ones reported', () => {
    const missing: string[] = [];
    const settings = { A: '1', B: '%A%' };
    expect(resolveExpressions('%A%-%B%-%C%-5%', settings, (name) => missing.push(name))).toBe('1-%A%-%C%-5%');
    expect(missing).toEqual(['C']);
  });

  it('when a connection is named, it is found with or without the prefix', () => {
    const settings = { AzureWebJobsStorage: 'default', Own: 'own', AzureWebJobsOther: 'other' };
    expect(connectionString(undefined, settings)).toBe('default');
    expect(connectionString('Own', settings)).toBe('own');
    expect(connectionString('Other', settings)).toBe('other');
    expect(connectionString('None', settings)).toBeUndefined();
  });

  it('when a setting disables a function, it is off', () => {
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'True' })).toBe(true);
    expect(isDisabled('f', { AzureWebJobs_f_Disabled: '1' })).toBe(true);
    expect(isDisabled('f', { 'AzureWebJobs.f.Disabled': 'false' })).toBe(false);
    expect(isDisabled('f', {})).toBe(false);
  });
});
