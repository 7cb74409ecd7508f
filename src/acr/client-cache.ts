export interface CacheBounds {
  /** The most clients kept. */
  readonly limit: number;
  /** Milliseconds after which a client is made anew. */
  readonly maxAgeMs: number;
  /** Monotonic milliseconds, `performance.now` unless told. */
  readonly now?: () => number;
}

/** Keeps the most recently used clients by key, so that their access tokens are used again. */
export function clientCache<T>(
  { limit, maxAgeMs, now = () => performance.now() }: CacheBounds,
  make: (key: string) => T,
): (key: string) => T {
  // A map remembers the order of insertion: the first key is the one not used for longest.
  const kept = new Map<string, { readonly client: T; readonly madeAt: number }>();
  return (key) => {
    const known = kept.get(key);
    const entry =
      known !== undefined && now() - known.madeAt < maxAgeMs ? known : { client: make(key), madeAt: now() };
    kept.delete(key);
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > limit && oldest !== undefined) kept.delete(oldest);
    return entry.client;
  };
}
