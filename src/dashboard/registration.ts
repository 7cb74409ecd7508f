import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from '@azure/functions';
import { addresses } from './addresses.ts';

/** What answers a request to one function of the dashboard, by the function's name. */
export type DashboardAnswer = (
  name: string,
  request: HttpRequest,
  context: Pick<InvocationContext, 'error' | 'invocationId'>,
) => Promise<HttpResponseInit>;

/** Makes the dashboard functions of the app. What answers is loaded when somebody first looks. */
export function registerDashboard(load: () => Promise<DashboardAnswer>): void {
  let answer: Promise<DashboardAnswer> | undefined;
  for (const { name, method, path } of addresses) {
    app.http(name, {
      methods: [method],
      route: path === '' ? 'dashboard' : `dashboard/${path}`,
      authLevel: 'anonymous',
      async handler(request, context) {
        answer ??= load();
        return (await answer)(name, request, context);
      },
    });
  }
}
