import type { Alert } from '../../src/audit/inventory-ports.ts';
import type { FindingDetail } from '../../src/findings/finding.ts';
import { auditItself } from '../../src/findings/lifecycle.ts';
import { digestOf } from './registry-event.ts';

export const alertTime = Date.UTC(2026, 4, 2, 14);

/** That a digest in use was deleted. */
export function sampleAlert(detail: FindingDetail = {}): Alert {
  const id = 'ab'.repeat(16);
  return {
    id: `${id}.1`,
    change: 'opened',
    at: alertTime,
    by: auditItself,
    finding: {
      id,
      revision: 1,
      kind: 'DeletedDigestInUse',
      severity: 'critical',
      subject: { registry: 'contoso.azurecr.io', repository: 'team/app', digest: digestOf('app') },
      detail: { workloads: ['aks-prod Deployment shop/web'], deletedAt: alertTime, ...detail },
      firstSeen: alertTime,
      lastSeen: alertTime,
      status: 'open',
    },
  };
}
