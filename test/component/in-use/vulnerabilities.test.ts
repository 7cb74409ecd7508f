import { describe, expect, it } from '@jest/globals';
import type { Vulnerability } from '../../../src/audit/inventory-ports.ts';
import type { ReadingProblem } from '../../../src/workloads/claim.ts';
import { claimed, type InUseApp, inUseApp, usedRegistry } from '../../builders/in-use-app.ts';
import { digestOf } from '../../builders/registry-event.ts';

const [one, two] = [digestOf('one'), digestOf('two')];
const pinned = (digest: string) => `team/app@${digest}`;

function vulnerabilityOf(id: string, more: Partial<Vulnerability> = {}): Vulnerability {
  return { registry: usedRegistry, repository: 'team/app', digest: one, id, severity: 'high', ...more };
}

/** An app whose cluster runs what is claimed of two images. */
async function running(...claims: Parameters<InUseApp['report']>[1]): Promise<InUseApp> {
  const app = inUseApp();
  await app.push('team/app', '1.0', one);
  await app.push('team/app', '2.0', two);
  await app.report('aks-prod', claims);
  await app.report('compose', []);
  return app;
}

/** Has the scanners say something, and reads it. */
async function scanned(
  app: InUseApp,
  vulnerabilities: readonly Vulnerability[],
  problems: readonly ReadingProblem[] = [],
): Promise<void> {
  app.wait(1);
  await app.useCases().assessVulnerabilities({ read: async () => ({ vulnerabilities, problems }) });
}

const found = async (app: InUseApp) =>
  (await app.open()).filter(({ kind }) => kind === 'VulnerableDigestRunning');

describe('when a scanner finds vulnerabilities', () => {
  it('in what runs, one finding a digest tells them, the worst first, and who runs it', async () => {
    const app = await running(claimed(pinned(one), 'web'), claimed(pinned(one), 'api'));
    await scanned(app, [
      vulnerabilityOf('CVE-2026-0003', { severity: 'low' }),
      vulnerabilityOf('CVE-2026-0002', { severity: 'critical' }),
      vulnerabilityOf('CVE-2026-0001', { severity: 'critical' }),
    ]);
    const findings = await found(app);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      severity: 'critical',
      subject: { registry: usedRegistry, repository: 'team/app', digest: one },
      detail: {
        vulnerabilities: ['CVE-2026-0001 (critical)', 'CVE-2026-0002 (critical)', 'CVE-2026-0003 (low)'],
        vulnerabilityCount: 3,
        workloadCount: 2,
        environments: ['production'],
      },
    });
  });

  it('it matters as much as the worst of them', async () => {
    const app = await running(claimed(pinned(one), 'web'), claimed(pinned(two), 'api'));
    await scanned(app, [
      vulnerabilityOf('CVE-2026-0001', { severity: 'medium' }),
      vulnerabilityOf('CVE-2026-0001', { severity: 'low', digest: two }),
    ]);
    const severities = (await found(app)).map(({ subject, severity }) => [subject.digest, severity] as const);
    expect(new Map(severities)).toEqual(
      new Map([
        [one, 'medium'],
        [two, 'low'],
      ]),
    );
  });

  it('in what only would start, is kept to go back to, or nobody uses, nobody is told', async () => {
    const app = await running(
      claimed(pinned(one), 'job', { state: 'desired' }),
      claimed(pinned(one), 'web', { state: 'rollback' }),
    );
    await scanned(app, [vulnerabilityOf('CVE-2026-0001'), vulnerabilityOf('CVE-2026-0001', { digest: two })]);
    expect(await found(app)).toEqual([]);
  });

  it('in an image of a registry that is not audited, or of another repository, nobody is told', async () => {
    const app = await running(claimed(pinned(one), 'web'));
    await scanned(app, [
      vulnerabilityOf('CVE-2026-0001', { registry: 'fabrikam.azurecr.io' }),
      vulnerabilityOf('CVE-2026-0001', { repository: 'team/other' }),
    ]);
    expect(await found(app)).toEqual([]);
  });

  it('in what runs by its tag, by the tag’s history, it is found too', async () => {
    const app = await running(claimed('team/app:1.0', 'api', { kind: 'ContainerApp' }));
    await scanned(app, [vulnerabilityOf('CVE-2026-0001')]);
    expect((await found(app)).map(({ detail }) => detail['workloads'])).toEqual([
      ['aks-prod ContainerApp shop/api container app (running, inferred)'],
    ]);
  });

  it('in a manifest that a running index lists, the workloads of the index are named', async () => {
    const app = inUseApp();
    const [index, child] = [digestOf('index'), digestOf('child')];
    await app.push('team/app', '1.0', index);
    await app.push('team/app', undefined, child);
    // As a comparison describes it.
    await app.tables.repositories.put({
      partitionKey: `${usedRegistry}|team:app`,
      rowKey: `c|${child}|${index}`,
      columns: {},
    });
    await app.report('aks-prod', [claimed('team/app:1.0', 'web', { pulled: `x@${index}` })]);
    await scanned(app, [vulnerabilityOf('CVE-2026-0001', { digest: child })]);
    expect(await found(app)).toMatchObject([{ subject: { digest: child }, detail: { workloadCount: 1 } }]);
  });

  it('of which there are many, fifty are named and all are counted', async () => {
    const app = await running(claimed(pinned(one), 'web'));
    const many = Array.from({ length: 60 }, (_, index) => vulnerabilityOf(`CVE-2026-${1_000 + index}`));
    await scanned(app, [...many, vulnerabilityOf('CVE-2020-0001', { severity: 'critical' })]);
    const [finding] = await found(app);
    const named = finding?.detail['vulnerabilities'];
    expect(named).toHaveLength(50);
    expect(named).toContain('CVE-2020-0001 (critical)');
    expect(finding?.detail['vulnerabilityCount']).toBe(61);
  });
});

describe('when a scanner finds them no longer', () => {
  it('the finding is over: it was patched, or nothing runs it any more', async () => {
    const app = await running(claimed(pinned(one), 'web'), claimed(pinned(two), 'api'));
    const both = [vulnerabilityOf('CVE-2026-0001'), vulnerabilityOf('CVE-2026-0001', { digest: two })];
    await scanned(app, both);
    expect(await found(app)).toHaveLength(2);
    await scanned(app, both.slice(1));
    expect((await found(app)).map(({ subject }) => subject.digest)).toEqual([two]);
    app.wait(1);
    await app.report('aks-prod', [claimed(pinned(one), 'web')]);
    await scanned(app, both.slice(1));
    expect(await found(app)).toEqual([]);
  });

  it('and another remains, it matters as much as that, and stays the same finding', async () => {
    const app = await running(claimed(pinned(one), 'web'));
    const worst = vulnerabilityOf('CVE-2026-0001', { severity: 'critical' });
    const other = vulnerabilityOf('CVE-2026-0002', { severity: 'medium' });
    await scanned(app, [worst, other]);
    const [before] = await found(app);
    await scanned(app, [other]);
    expect(await found(app)).toMatchObject([{ id: before?.id, severity: 'medium' }]);
  });

  it('but some of it could not be asked, nothing is over, and what is new is found', async () => {
    const app = await running(claimed(pinned(one), 'web'), claimed(pinned(two), 'api'));
    await scanned(app, [vulnerabilityOf('CVE-2026-0001')]);
    const refused = { where: 'subscription', problem: 'was refused with 403' };
    await scanned(app, [vulnerabilityOf('CVE-2026-0001', { digest: two })], [refused]);
    expect((await found(app)).map(({ subject }) => subject.digest).sort()).toEqual([one, two].sort());
    expect(app.lines).toContainEqual({ message: 'vulnerabilities not read', values: refused });
  });

  it('and one is found again, the finding is open again', async () => {
    const app = await running(claimed(pinned(one), 'web'));
    await scanned(app, [vulnerabilityOf('CVE-2026-0001')]);
    const [first] = await found(app);
    await scanned(app, []);
    await scanned(app, [vulnerabilityOf('CVE-2026-0001')]);
    const [again] = await found(app);
    expect(again?.id).toBe(first?.id);
    expect(again?.reopenedAt).toBeGreaterThan(first?.lastSeen ?? Number.POSITIVE_INFINITY);
  });
});
