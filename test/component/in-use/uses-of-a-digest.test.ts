import { describe, expect, it } from '@jest/globals';
import { callSites } from '../../builders/call-sites.ts';
import { claimed, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const image = { registry: usedRegistry, repository: 'team/app' };

describe('when it is asked who uses a digest', () => {
  it('those are told whose tag pointed to it once, and no history of another tag is read', async () => {
    const sites = callSites();
    const app = inUseApp({ sites });
    const wanted = digestOf('wanted');
    const others = Array.from({ length: 30 }, (_, number) => `1.${number}`);
    await app.push('team/app', 'stable', wanted);
    for (const tag of others) await app.push('team/app', tag, digestOf(tag));
    await app.push('team/app', 'stable', digestOf('newer'));
    await app.report(
      'aks-prod',
      ['stable', ...others].map((tag) => claimed(`team/app:${tag}`, `web-${tag}`)),
    );
    sites.watch();
    const { uses, isCut } = await app.useCases().list({ image: { ...image, digest: wanted } });
    expect(uses.map(({ claim }) => claim.workload.name)).toEqual(['web-stable']);
    expect(isCut).toBe(false);
    expect(sites.calls.filter(({ call }) => call.startsWith('repositories')).length).toBeLessThan(10);
  });
});
