import type { PipelinePolicy } from '@azure/core-rest-pipeline';

/** Marks a request that is meant for another path of the registry. Never sent. */
const targetHeader = 'x-acr-audit-target';

/** Carries what a marked request posts. Never sent. */
const bodyHeader = 'x-acr-audit-body';

/** The headers by which an operation of the SDK is sent to another path and query, such as one it has no operation for. */
export function sentTo(target: string): Readonly<Record<string, string>> {
  return { [targetHeader]: target };
}

/** As {@link sentTo}, and as a `POST` of this object: its texts are ASCII, as names of a registry are. */
export function postedTo(
  target: string,
  body: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { ...sentTo(target), [bodyHeader]: JSON.stringify(body) };
}

/** Sends marked requests where they are meant to go, before the SDK authorises and repeats them. */
export function targetPolicy(endpoint: string): PipelinePolicy {
  return {
    name: 'targetPolicy',
    sendRequest(request, next) {
      const target = request.headers.get(targetHeader);
      if (target === undefined) return next(request);
      request.headers.delete(targetHeader);
      const body = request.headers.get(bodyHeader);
      if (body !== undefined) {
        request.headers.delete(bodyHeader);
        request.headers.set('content-type', 'application/json');
        request.method = 'POST';
        request.body = body;
      }
      // Joined as texts, so that no target, whatever it looks like, is at another host.
      request.url = `${endpoint}/${target.replace(/^\//, '')}`;
      return next(request);
    },
  };
}
