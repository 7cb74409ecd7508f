import * as z from 'zod/mini';
import type { Arm } from './azure-arm.ts';
import type { Problems } from './azure-problems.ts';

const apiVersion = '2024-04-01';

/** The most rows the service gives at once: https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results */
const rowsOfPage = 1_000;

/** Subscriptions asked about in one query; the service takes a thousand. */
const subscriptionsOfQuery = 500;

/** The most pages followed: a million rows. */
const maxPages = 1_000;

const answer = z.object({
  totalRecords: z.number(),
  data: z.array(z.unknown()),
  resultTruncated: z.optional(z.union([z.string(), z.boolean()])),
  $skipToken: z.nullish(z.string()),
});

/**
 * The rows of a query over subscriptions, whatever can be had of them. That there are more is a problem: Resource Graph
 * counts the rows of a result, and those that came are held against that.
 * Source: https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
 */
export async function resourceGraphRows(
  arm: Arm,
  query: string,
  subscriptions: readonly string[],
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  for (let first = 0; first < subscriptions.length; first += subscriptionsOfQuery) {
    const asked = subscriptions.slice(first, first + subscriptionsOfQuery);
    await problems.guard('Resource Graph', () => readRows(asked));
  }
  return rows;

  async function readRows(asked: readonly string[]): Promise<void> {
    const before = rows.length;
    const seen = new Set<string>();
    let skipToken: string | undefined;
    for (let pages = 0; pages < maxPages; pages += 1) {
      const options = {
        resultFormat: 'objectArray',
        $top: rowsOfPage,
        ...(skipToken === undefined ? {} : { $skipToken: skipToken }),
      };
      const body = { subscriptions: asked, query, options };
      const path = '/providers/Microsoft.ResourceGraph/resources';
      const read = answer.safeParse(await arm.ask(path, apiVersion, body, signal));
      if (!read.success) return problems.note('Resource Graph', 'answered without the rows asked for');
      const { totalRecords, data, resultTruncated, $skipToken: next } = read.data;
      for (const row of data) rows.push(row);
      if (next === null || next === undefined || next === '') {
        const received = rows.length - before;
        if (String(resultTruncated) === 'true') {
          problems.note('Resource Graph', `cut its answer off after ${received} of ${totalRecords} rows`);
        } else if (received !== totalRecords) {
          problems.note(
            'Resource Graph',
            `answered ${received} rows and says that there are ${totalRecords}`,
          );
        }
        return;
      }
      if (seen.has(next)) return problems.note('Resource Graph', 'answered the same page twice');
      seen.add(next);
      skipToken = next;
    }
    problems.note('Resource Graph', 'has more rows than are read');
  }
}
