import functions from '@azure/functions';
import { findingsRoute } from '../src/api/findings.ts';
import { historyRoute } from '../src/api/history.ts';
import { openapiOf } from '../src/api/openapi.ts';
import { resolveRoute } from '../src/api/resolve.ts';
import { answerTo, type Route } from '../src/api/route.ts';
import { statusRoute } from '../src/api/status.ts';
import { usesRoute } from '../src/api/uses.ts';
import { findingsStore } from '../src/storage/findings.ts';
import type { Table } from '../src/storage/row.ts';
import {
  busiest,
  type EstateTables,
  estateRegistry,
  estateSources,
  type SeededEstate,
} from '../test/builders/dashboard-estate.ts';
import { dashboardPorts } from '../test/builders/dashboard-ports.ts';
import type { MeasuredAnswer } from './pages.ts';
import type { TableCost } from './pages-table.ts';

/** The answers of the API that are asked for most, as long as they are unless a caller asks for more, and their reference. */
export function apiAnswers(
  { index }: SeededEstate,
  tables: Readonly<Record<keyof EstateTables, Table>>,
  cost: TableCost,
  now: number,
): { readonly answers: readonly MeasuredAnswer[]; readonly reference: Readonly<Record<string, unknown>> } {
  const registries = [{ loginServer: estateRegistry }];
  const findings = findingsStore(tables.findings);
  const letters = { counts: async () => ({ waiting: 0, quarantined: 0 }) };
  const ports = dashboardPorts({
    ...tables,
    ...{ findings, letters, sources: estateSources },
    clock: { now: () => now },
  });
  const waiting = async () => {
    cost.calls += 1;
    return 0;
  };
  const history = historyRoute(registries, ports.pages);
  const uses = usesRoute(registries, ports.listUses);
  const repository = `${busiest.registry}/${busiest.repository}`;
  const questions: readonly (readonly [string, Route, Readonly<Record<string, string>>])[] = [
    ['GET resolve', resolveRoute(registries, ports.pages, ports.clock), { image: `${repository}:prod` }],
    ['GET history, of a tag', history, { image: `${repository}:prod` }],
    ['GET history, of a repository', history, { image: repository }],
    ['GET history, of a registry', history, { image: estateRegistry }],
    ['GET findings', findingsRoute(registries, findings), {}],
    ['GET uses, of a digest', uses, { image: `${repository}@${index}` }],
    ['GET status', statusRoute(registries, { ...ports.status, queue: { waiting } }), {}],
  ];
  const answers = questions.map(([what, route, query]) => ({
    what,
    async ask() {
      const url = `https://audit.example/api/v1/${route.path}?${new URLSearchParams(query)}`;
      const request = new functions.HttpRequest({ method: 'GET', url });
      const answer = await answerTo(route, 'development', request, {
        error: () => {},
        invocationId: 'bench',
      });
      return { status: answer.status, body: JSON.stringify(answer.jsonBody ?? '') };
    },
  }));
  return { answers, reference: openapiOf([...new Set(questions.map(([, route]) => route))]) };
}
