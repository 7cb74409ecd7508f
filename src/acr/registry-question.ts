import { AuditFault } from '../audit/fault.ts';
import { quote } from '../registry/free-text.ts';
import { isRepositoryName, isTag } from '../registry/name.ts';
import type { Question } from './registry-fault.ts';

export interface RegistryEndpoint {
  /** Such as `https://contoso.azurecr.io`. */
  readonly endpoint: string;
  /** The registry's host, with a port when it has one. */
  readonly registry: string;
}

/** @throws TypeError when the text isn't the https address of a registry. */
export function readEndpoint(text: string): RegistryEndpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.href !== `${url.origin}/`) {
    throw new TypeError(`${text} is not the address of a registry, such as https://contoso.azurecr.io`);
  }
  return { endpoint: url.origin, registry: url.host };
}

/**
 * What is asked of a repository, checked: a name that isn't one would ask for something else, or for everything.
 * @throws AuditFault `registry-name`.
 */
export function questionOf(registry: string, doing: string, repository: string, tag?: string): Question {
  if (!isRepositoryName(repository) || (tag !== undefined && !isTag(tag))) {
    const name = quote(tag === undefined ? repository : `${repository}:${tag}`);
    throw new AuditFault('registry-name', `${registry} was not asked: ${name} is no name`, {
      retryable: false,
    });
  }
  return { registry, doing };
}
