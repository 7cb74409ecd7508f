import * as z from 'zod/mini';
import { described, named, type RouteDocument } from '../document.ts';
import { sampleImage } from './samples.ts';

const reason = named(
  'VerdictReason',
  z.object({
    code: z.string(),
    verdict: described(z.string(), '`warn` or `fail`.'),
    detail: z.string(),
  }),
  'Why a verdict is not a plain pass.',
);
const verdict = described(z.enum(['pass', 'warn', 'fail']), 'What is unknown does not pass.');

/** What is to be said of a deployment. */
export const deploymentVerdict = named(
  'DeploymentVerdict',
  z.object({
    environment: z.string(),
    verdict,
    items: z.array(z.object({ image: z.string(), verdict, reasons: z.array(reason) })),
    reasons: z.optional(described(z.array(reason), "Reasons that are no image's.")),
  }),
  'Whether images may be deployed: the worst of them.',
);

/** The document of `POST deployments/verify`. */
export const postVerifyDocument: RouteDocument = {
  group: 'Approvals',
  answers: 'The verdict, whatever it is.',
  answer: deploymentVerdict,
  body: named(
    'Deployment',
    z.strictObject({
      environment: z.string(),
      images: described(z.array(z.string()), '1 to 50 references.', { minItems: 1, maxItems: 50 }),
    }),
    'What is to be deployed where.',
  ),
  refusals: { 409: 'There is no policy.' },
  examples: [
    {
      summary: 'Whether an image may go to production',
      body: { environment: 'production', images: [sampleImage.digest] },
      answer: {
        environment: 'production',
        verdict: 'fail',
        items: [
          {
            image: sampleImage.digest,
            verdict: 'fail',
            reasons: [
              { code: 'not-approved', verdict: 'fail', detail: 'it was not approved for production' },
            ],
          },
        ],
      },
    },
  ],
};
