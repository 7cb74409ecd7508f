import { AuditFault } from './fault.ts';
import type { RegistryContent } from './registry-content.ts';
import type { ManifestLayers } from './retention-ports.ts';

/** Reads what manifests are made of from their documents; one of no known size is not counted. */
export function manifestLayers(
  contents: ReadonlyMap<string, Pick<RegistryContent, 'document'>>,
): ManifestLayers {
  return {
    async of({ registry, repository }, digest) {
      try {
        const document = await contents.get(registry)?.document(repository, digest);
        if (document === undefined) return undefined;
        const { config, layers } = document;
        return [...(config === undefined ? [] : [config]), ...layers].map((layer) => {
          return { digest: layer.digest, size: layer.size ?? 0 };
        });
      } catch (error) {
        if (error instanceof AuditFault && !error.retryable) return undefined;
        throw error;
      }
    },
  };
}
