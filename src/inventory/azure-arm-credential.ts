import type { TokenCredential } from '@azure/core-auth';
import { bearerTokenAuthenticationPolicy, type PipelinePolicy } from '@azure/core-rest-pipeline';
import { AuditFault } from '../audit/fault.ts';

/** Presents the identity's token; that a credential fails is told as the fault `azure-credential`. */
export function armAuthentication(given: TokenCredential, endpoint: URL): PipelinePolicy {
  const scope = `${endpoint.origin}/.default`;
  const credential: TokenCredential = {
    async getToken(scopes, options) {
      try {
        return await given.getToken(scopes, options);
      } catch (cause) {
        throw new AuditFault('azure-credential', 'was not asked: no Microsoft Entra token could be got', {
          retryable: true,
          cause,
        });
      }
    },
  };
  return endpoint.protocol === 'https:'
    ? bearerTokenAuthenticationPolicy({ credential, scopes: scope })
    : loopbackAuthentication(credential, scope);
}

/** The SDK's policy refuses to send a token unencrypted, which a stand-in on this machine may get. */
function loopbackAuthentication(credential: TokenCredential, scope: string): PipelinePolicy {
  return {
    name: 'loopback-authentication',
    async sendRequest(request, next) {
      const token = await credential.getToken(scope);
      if (token !== null) request.headers.set('Authorization', `Bearer ${token.token}`);
      return next(request);
    },
  };
}
