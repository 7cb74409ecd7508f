import * as z from 'zod/mini';
import type { AskedImage, RetentionCheck } from '../audit/check-retention.ts';
import { strictFieldsOf } from '../protection/strict-fields.ts';
import { type AcceptedRegistry, acceptedNamed } from '../registry/accepted-registry.ts';
import { noFindings } from '../registry/findings.ts';
import { textThat } from '../registry/form.ts';
import { maxReferenceLength, parseReference, registryNamed } from '../registry/reference.ts';
import { wholeCoverage } from '../workloads/coverage.ts';
import { postRetentionCheckDocument } from './documents/retention.ts';
import { sourceItem } from './inventory.ts';
import { type BodyReading, route } from './route.ts';

/** Images of one request. */
const mostImages = 1_000;

/** `POST retention/check`: whether somebody else's clean-up may delete images, all of these together. */
export function postRetentionCheckRoute(
  registries: readonly AcceptedRegistry[],
  check: (images: readonly AskedImage[]) => Promise<RetentionCheck>,
) {
  return route({
    name: 'postRetentionCheck',
    method: 'POST',
    path: 'retention/check',
    summary: 'Whether images may be deleted, all of them together, and every reason why not.',
    document: postRetentionCheckDocument,
    role: 'Audit.Read',
    query: z.strictObject({}),
    body: (json) => readImages(json, registries),
    async answer({ body: images }) {
      const { items, sources } = await check(images);
      return {
        headers: { 'cache-control': 'no-store' },
        jsonBody: {
          items,
          coverage: wholeCoverage(sources),
          inDoubt: sources.filter(({ condition }) => condition !== 'fresh').map(sourceItem),
        },
      };
    },
  });
}

const imageForm = textThat(
  `an image reference of at most ${maxReferenceLength} characters`,
  (text) => text.length <= maxReferenceLength,
);

/** Reads `{images}`; a registry that is not audited is an answer, not a problem. */
function readImages(
  json: unknown,
  registries: readonly AcceptedRegistry[],
): BodyReading<readonly AskedImage[]> {
  const findings = noFindings();
  const fields = strictFieldsOf(json, '', findings, ['images']);
  const only = acceptedNamed(undefined, registries);
  const texts = fields.list('images', imageForm, { min: 1, max: mostImages });
  // Of a list with a text that is none, the places of the others would be told wrong.
  if (findings.problems.length > 0) return { ok: false, problems: findings.problems };
  const images = texts.flatMap((image, index): AskedImage[] => {
    const problem = (text: string) => {
      findings.problem(`images.${index}`, text);
      return [];
    };
    const reading = parseReference(image);
    if (!reading.ok) return problem(reading.problem);
    const { registry = only, repository, tag, digest } = reading.reference;
    if (registry === undefined) return problem('names no registry: begin with its login server');
    if (tag === undefined && digest === undefined) return problem('names neither a tag nor a digest');
    return [
      {
        image,
        // An address of a region is one of the same registry.
        registry: registryNamed(registry),
        repository,
        ...(tag === undefined ? {} : { tag }),
        ...(digest === undefined ? {} : { digest }),
      },
    ];
  });
  return findings.problems.length > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, value: images };
}
