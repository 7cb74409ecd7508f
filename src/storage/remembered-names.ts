/** Milliseconds for which names are remembered, so that what asks for one costs no reading. */
const rememberedMs = 60_000;

/** Names by registry, as read at most a minute ago. */
export interface RememberedNames {
  of(registry: string): Promise<ReadonlySet<string>>;
  forget(registry: string): void;
}

/** Remembers the names of a registry that `read` gives. What could not be read is asked for again. */
export function rememberedNames(
  read: (registry: string) => AsyncIterable<string>,
  now: () => number = () => performance.now(),
): RememberedNames {
  const remembered = new Map<string, { readonly at: number; readonly names: Promise<ReadonlySet<string>> }>();
  return {
    of(registry) {
      const known = remembered.get(registry);
      if (known !== undefined && now() - known.at < rememberedMs) return known.names;
      const names = Array.fromAsync(read(registry)).then((all) => new Set(all));
      remembered.set(registry, { at: now(), names });
      names.catch(() => remembered.delete(registry));
      return names;
    },
    forget: (registry) => {
      remembered.delete(registry);
    },
  };
}
