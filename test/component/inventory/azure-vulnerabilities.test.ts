import { describe, expect, it } from '@jest/globals';
import { type ArmStandIn, startArm } from '../../../local/azure/arm-server.ts';
import type { VulnerabilityReports } from '../../../src/audit/inventory-ports.ts';
import { azureVulnerabilities } from '../../../src/inventory/azure-vulnerabilities.ts';
import { optionsFor, otherSubscription, subscription } from './azure-fixture.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const finding = {
  registryHost: 'Contoso.azurecr.io',
  repositoryName: 'team/web',
  digest,
  cve: 'CVE-2024-0001',
  severity: 'High',
};
const read = { registry: 'contoso.azurecr.io', repository: 'team/web', digest, id: 'CVE-2024-0001' };

async function withReports(
  work: (arm: ArmStandIn, reports: VulnerabilityReports) => Promise<void>,
  subscriptions: readonly string[] = [subscription],
): Promise<void> {
  const arm = await startArm({ pageSize: 2 });
  try {
    arm.addSubscription(subscription);
    await work(arm, azureVulnerabilities({ ...(await optionsFor(arm, 'vulnerabilities')), subscriptions }));
  } finally {
    await arm.close();
  }
}

describe('the vulnerabilities that Defender reports', () => {
  it('when it found some, those that stand are read', () =>
    withReports(async (arm, reports) => {
      arm.addSubAssessment(finding);
      arm.addSubAssessment({ ...finding, cve: 'CVE-2024-0002', rating: 'Critical' });
      arm.addSubAssessment({ ...finding, cve: 'CVE-2024-0003', severity: 'Medium' });
      arm.addSubAssessment({ ...finding, cve: 'CVE-2024-0004', severity: 'Low', rating: 'Unknown' });
      arm.addSubAssessment({ ...finding, cve: 'CVE-2024-0005', code: 'Healthy' });
      expect(await reports.read()).toEqual({
        vulnerabilities: [
          { ...read, severity: 'high' },
          { ...read, id: 'CVE-2024-0002', severity: 'critical' },
          { ...read, id: 'CVE-2024-0003', severity: 'medium' },
          { ...read, id: 'CVE-2024-0004', severity: 'low' },
        ],
        problems: [],
      });
    }));

  it('when it found the same twice, the graver counts', () =>
    withReports(async (arm, reports) => {
      arm.addSubAssessment({ ...finding, severity: 'Medium' });
      arm.addSubAssessment({ ...finding, severity: 'High' });
      arm.addSubAssessment({ ...finding, severity: 'Low' });
      expect((await reports.read()).vulnerabilities).toEqual([{ ...read, severity: 'high' }]);
    }));

  it.each([
    ['digest', { digest: 'latest' }],
    ['repository', { repositoryName: '../x' }],
    ['registry', { registryHost: 'a/b' }],
    ['severity', { severity: 'Terrible' }],
    ['id', { cve: '<b>' }],
  ])('when the %s of one cannot be read, that is a problem and the others are read', (_, wrong) =>
    withReports(async (arm, reports) => {
      arm.addSubAssessment(finding);
      arm.addSubAssessment({ ...finding, ...wrong });
      const { vulnerabilities, problems } = await reports.read();
      expect(vulnerabilities).toEqual([{ ...read, severity: 'high' }]);
      expect(problems).toMatchObject([{ where: 'Microsoft Defender for Cloud' }]);
    }),
  );

  it('when a subscription may not be read, that is told and the others are read', () =>
    withReports(
      async (arm, reports) => {
        arm.addSubscription(otherSubscription, { isRefused: true });
        arm.addSubAssessment(finding);
        arm.addSubAssessment({ ...finding, subscription: otherSubscription });
        const { vulnerabilities, problems } = await reports.read();
        expect(vulnerabilities).toHaveLength(1);
        expect(problems).toMatchObject([{ where: `subscription ${otherSubscription}` }]);
      },
      [subscription, otherSubscription],
    ));

  it('when Resource Graph refuses, that is a problem; when it is aborted, it throws the reason', () =>
    withReports(async (arm, reports) => {
      arm.fail({ path: '/resources', answer: { status: 403 } });
      expect(await reports.read()).toMatchObject({
        vulnerabilities: [],
        problems: [{ where: 'Resource Graph' }],
      });
      await expect(reports.read(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    }));
});
