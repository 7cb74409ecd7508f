import * as z from 'zod/mini';
import type { ClaimState, ReportedClaim } from '../workloads/claim.ts';
import type { Arm } from './azure-arm.ts';
import type { Problems } from './azure-problems.ts';
import { type AzureResource, claimOf, type NamedImage } from './azure-resource.ts';
import { partsOf } from './azure-resource-parts.ts';

/** The images that the services of a Compose file name, and what in it cannot be understood. */
export type ReadCompose = (text: string) => {
  readonly images: readonly { readonly service: string; readonly image: string }[];
  readonly problems: readonly string[];
};

const apiVersion = '2025-03-01';

const configuration = z.object({
  properties: z.object({
    linuxFxVersion: z.nullish(z.string()),
    windowsFxVersion: z.nullish(z.string()),
  }),
});
const sidecar = z.object({
  name: z.string(),
  properties: z.object({ image: z.string().check(z.minLength(1)) }),
});

/**
 * What a site, or a slot of one, claims. Where Resource Graph does not tell how it is configured, the site is asked.
 * Sources: https://learn.microsoft.com/azure/app-service/configure-custom-container,
 * https://learn.microsoft.com/rest/api/appservice/web-apps/list-site-containers
 */
export async function siteClaims(
  arm: Arm,
  site: AzureResource,
  readCompose: ReadCompose,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<readonly ReportedClaim[]> {
  const state: ClaimState = site.state.toLowerCase() === 'running' ? 'running' : 'desired';
  const values = site.fxVersions.length > 0 ? site.fxVersions : await configuredVersions();
  const images: NamedImage[] = [];
  for (const value of new Set(values)) images.push(...(await imagesOf(value)));
  return images.map((named) => claimOf(site, named, { state }));

  async function configuredVersions(): Promise<readonly string[]> {
    const read = await problems.guard(site.where, async () => {
      const sent = await arm.find(`${site.path}/config/web`, apiVersion, signal);
      if (sent === undefined && (await arm.find(site.path, apiVersion, signal)) === undefined) return [];
      const { success, data } = configuration.safeParse(sent);
      if (!success) {
        problems.note(site.where, 'has a configuration that cannot be read');
        return [];
      }
      return [data.properties.linuxFxVersion ?? '', data.properties.windowsFxVersion ?? ''];
    });
    return read ?? [];
  }

  async function imagesOf(value: string): Promise<readonly NamedImage[]> {
    const bar = value.indexOf('|');
    const [platform, rest] = bar < 0 ? [value, ''] : [value.slice(0, bar), value.slice(bar + 1)];
    switch (platform.toLowerCase()) {
      case 'docker':
        if (rest === '') problems.note(site.where, 'is a container without an image');
        return rest === '' ? [] : [{ image: rest }];
      case 'compose':
        return composeImages(rest);
      case 'sitecontainers':
        return sidecarImages();
      default:
        return [];
    }
  }

  function composeImages(encoded: string): readonly NamedImage[] {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) {
      problems.note(site.where, 'has a Compose file that is not base64');
      return [];
    }
    const read = readCompose(Buffer.from(encoded, 'base64').toString('utf8'));
    for (const problem of read.problems) problems.note(site.where, `has a Compose file: ${problem}`);
    return read.images.map(({ service, image }) => ({ container: service, image }));
  }

  async function sidecarImages(): Promise<readonly NamedImage[]> {
    const { items } = await partsOf(arm, site, { part: 'sitecontainers', apiVersion }, problems, signal);
    return items.flatMap((item) => {
      const { success, data } = sidecar.safeParse(item);
      if (!success) problems.note(site.where, 'has a container that cannot be read');
      return success ? [{ container: data.name, image: data.properties.image }] : [];
    });
  }
}
