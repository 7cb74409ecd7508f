import * as z from 'zod/mini';
import type { Problems } from './azure-problems.ts';
import type { NamedImage } from './azure-resource.ts';

const containers = z.nullish(z.array(z.unknown()));
const template = z.object({ containers, initContainers: containers });
const container = z.object({ name: z.nullish(z.string()), image: z.string().check(z.minLength(1)) });

/**
 * The images of a template of a revision or of an execution. What cannot be read is a problem.
 * Source: https://github.com/Azure/azure-rest-api-specs/blob/main/specification/app/resource-manager/Microsoft.App/ContainerApps/stable/2026-01-01/CommonDefinitions.json
 */
export function templateImages(sent: unknown, where: string, problems: Problems): readonly NamedImage[] {
  const read = template.safeParse(sent);
  const named = read.success ? [...(read.data.containers ?? []), ...(read.data.initContainers ?? [])] : [];
  if (named.length === 0) problems.note(where, 'names no container');
  return named.flatMap((item) => {
    const { success, data } = container.safeParse(item);
    if (!success) {
      problems.note(where, 'has a container without an image');
      return [];
    }
    const { name, image } = data;
    return [{ image, ...(name === null || name === undefined || name === '' ? {} : { container: name }) }];
  });
}
