import * as z from 'zod/mini';
import { environmentForm } from '../protection/policy-reading.ts';
import { strictFieldsOf } from '../protection/strict-fields.ts';
import type { DeploymentVerdict } from '../protection/verdict.ts';
import { noFindings } from '../registry/findings.ts';
import { textThat } from '../registry/form.ts';
import { noPolicy } from './approvals.ts';
import { postVerifyDocument } from './documents/deployments.ts';
import { type BodyReading, route } from './route.ts';

/** Images of one request: a release names few, and each takes several calls of the registry. */
const mostImages = 50;

const imageForm = textThat('an image reference of at most 1024 characters', (text) => text.length <= 1_024);

interface Deployment {
  readonly environment: string;
  readonly images: readonly string[];
}

function readDeployment(json: unknown): BodyReading<Deployment> {
  const findings = noFindings();
  const fields = strictFieldsOf(json, '', findings, ['environment', 'images']);
  const environment = fields.required('environment', environmentForm);
  const images = fields.list('images', imageForm, { min: 1, max: mostImages });
  return environment === undefined || findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, value: { environment, images } };
}

/** `POST deployments/verify`: whether images may be deployed to an environment. */
export function postVerifyRoute(
  verify: ((environment: string, images: readonly string[]) => Promise<DeploymentVerdict>) | undefined,
) {
  return route({
    name: 'postDeploymentsVerify',
    method: 'POST',
    path: 'deployments/verify',
    summary: 'Whether images may be deployed to an environment: pass, warn or fail, with every reason.',
    document: postVerifyDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    body: readDeployment,
    async answer({ body: { environment, images } }) {
      if (verify === undefined) throw noPolicy();
      const { verdict, items, reasons } = await verify(environment, images);
      return {
        headers: { 'cache-control': 'no-store' },
        jsonBody: { environment, verdict, items, ...(reasons.length === 0 ? {} : { reasons }) },
      };
    },
  });
}
