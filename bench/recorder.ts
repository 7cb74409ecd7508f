import type { PipelinePolicy } from '@azure/core-rest-pipeline';

/** Requests seen by a recording policy. */
export interface RequestRecorder {
  readonly policy: PipelinePolicy;
  /** Requests since the last call, and how many of them had to wait for one another. */
  take(): { readonly transactions: number; readonly inSequence: number };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Counts the requests that leave through a pipeline, retries included. */
export function requestRecorder(): RequestRecorder {
  let spans: Span[] = [];
  return {
    policy: {
      name: 'recorder',
      async sendRequest(request, next) {
        const start = performance.now();
        try {
          return await next(request);
        } finally {
          spans.push({ start, end: performance.now() });
        }
      },
    },
    take() {
      const taken = spans;
      spans = [];
      return { transactions: taken.length, inSequence: longestChain(taken) };
    },
  };
}

/** The most requests of which each began after the one before had ended. */
function longestChain(spans: readonly Span[]): number {
  let chain = 0;
  let lastEnd = Number.NEGATIVE_INFINITY;
  for (const { start, end } of spans.toSorted((a, b) => a.end - b.end)) {
    if (start < lastEnd) continue;
    chain += 1;
    lastEnd = end;
  }
  return chain;
}
