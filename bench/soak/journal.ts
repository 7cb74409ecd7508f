import * as z from 'zod/mini';

const event = z.object({
  id: z.string(),
  data: z.object({
    timestamp: z.string(),
    action: z.enum(['push', 'delete']),
    target: z.object({ repository: z.string(), digest: z.string(), tag: z.optional(z.string()) }),
  }),
});

/** A change that the registry told: what history has to hold. */
export interface ToldChange {
  readonly id: string;
  readonly repository: string;
  readonly action: 'push' | 'delete';
  readonly digest: string;
  readonly tag?: string;
  /** Epoch milliseconds by the registry's clock. */
  readonly time: number;
}

/** A tag that was taken away, of which no event tells. */
export interface Untagging {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** Epoch milliseconds between which the registry did it. */
  readonly from: number;
  readonly until: number;
}

/** What happened, kept by who made it happen. */
export interface Journal {
  readonly told: ToldChange[];
  readonly untaggings: Untagging[];
  /** Pushes and deletions that the registry accepted: it has to tell each. */
  accepted: number;
  /** Those that it refused since what they would change is locked. */
  refused: number;
}

/** A journal of nothing. */
export function emptyJournal(): Journal {
  return { told: [], untaggings: [], accepted: 0, refused: 0 };
}

/** Reads an event as the registry sent it. Throws where it has another form. */
export function readTold(sent: unknown): ToldChange {
  const { id, data } = event.parse(sent);
  const { repository, digest, tag } = data.target;
  const time = Date.parse(data.timestamp);
  return { id, repository, action: data.action, digest, ...(tag === undefined ? {} : { tag }), time };
}
