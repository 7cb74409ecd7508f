import type { Digest } from '../registry/digest.ts';

/** A layer, or a configuration, of a manifest; its size in bytes. */
export interface Layer {
  readonly digest: Digest;
  readonly size: number;
}

/** A manifest that goes; sizes in bytes. */
export interface GoingManifest {
  /** Of its own document; of the whole image where the layers are absent. */
  readonly size: number;
  /** Everything it names by digest that is no manifest; absent where it was not read. */
  readonly layers?: readonly Layer[];
}

/** Bytes that go at least, and at most. */
export interface Freed {
  readonly atLeast: number;
  readonly atMost: number;
}

/**
 * Bytes that go with manifests. Registries keep a layer once, for all manifests that name it, so it counts once, and goes
 * only when nothing that is kept names it: `keptLayers` are those of every kept manifest that may share a layer with these,
 * or `undefined` where not all were read, and then nothing is certain to go. A layer that is told in two sizes counts as the
 * smaller at least and as the larger at most.
 */
export function freedBytes(going: {
  readonly deleted: Iterable<GoingManifest>;
  readonly keptLayers: ReadonlySet<Digest> | undefined;
}): Freed {
  const { deleted, keptLayers } = going;
  const layers = new Map<Digest, Freed>();
  let [atLeast, atMost] = [0, 0];
  for (const manifest of deleted) {
    atMost += manifest.size;
    if (manifest.layers !== undefined) atLeast += manifest.size;
    for (const { digest, size } of manifest.layers ?? []) {
      if (keptLayers?.has(digest)) continue;
      const known = layers.get(digest) ?? { atLeast: size, atMost: size };
      layers.set(digest, {
        atLeast: Math.min(known.atLeast, size),
        atMost: Math.max(known.atMost, size),
      });
    }
  }
  for (const layer of layers.values()) {
    atLeast += layer.atLeast;
    atMost += layer.atMost;
  }
  return { atLeast: keptLayers === undefined ? 0 : atLeast, atMost };
}
