import { usageFault } from './exit-code.ts';

/** The service on the machine itself, as `npm start` begins it. */
export const localAddress = 'http://127.0.0.1:7071';

/** Where the service is, and how the caller is known to it. */
export interface ServiceAddress {
  /** With `/api/v1/` at its end. */
  readonly base: URL;
  /** What a token of Entra ID is asked for; absent on the machine itself, where nobody signs in. */
  readonly scope?: string;
}

/** Reads where the service is. A token is never sent in the clear to another machine. @throws CommandFault of usage. */
export function serviceAddress(api: string, scope: string | undefined): ServiceAddress {
  const url = URL.parse(api);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    throw usageFault(`--api ${api} is no address: give one such as https://contoso-audit.azurewebsites.net`);
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const above = parts.slice(-2).join('/') === 'api/v1' ? parts.slice(0, -2) : parts;
  const base = new URL(`/${[...above, 'api/v1'].join('/')}/`, url.origin);
  const isLocal = isLoopback(url.hostname);
  if (!isLocal && url.protocol === 'http:')
    throw usageFault(`--api ${api} is not encrypted: use https:// for another machine than this one`);
  if (scope !== undefined) return { base, scope };
  if (isLocal) return { base };
  throw usageFault(
    'say what to sign in to: --scope or ACR_AUDIT_SCOPE, such as api://<client id of the service>/.default',
  );
}

/** Whether a host is the machine itself: https://www.rfc-editor.org/rfc/rfc6761#section-6.3 */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}
