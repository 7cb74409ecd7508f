import type { AuthMode } from './api/principal.ts';
import type { AcceptedRegistry } from './registry/accepted-registry.ts';

/** How the audit's storage is reached: a connection string, or endpoints and an identity. */
export type StorageSettings =
  | { readonly connectionString: string }
  | { readonly tableServiceUri: string; readonly clientId?: string };

/** The app's settings, read once at start. */
export interface Settings {
  readonly registries: readonly AcceptedRegistry[];
  readonly storage: StorageSettings;
  readonly auth: AuthMode;
}

/** Thrown when settings cannot be used; the message lists every problem. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The app settings have problems:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings of an environment; throws {@link SettingsError} with all problems at once. */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const registries = readRegistries(environment['REGISTRIES'], problems);
  const storage = readStorage(environment, problems);
  const auth = readAuth(environment, problems);
  if (storage === undefined || problems.length > 0) throw new SettingsError(problems);
  return { registries, storage, auth };
}

const loginServerForm = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/;
const resourceIdForm =
  /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.containerregistry\/registries\/[^/]+$/;

function readRegistries(text: string | undefined, problems: string[]): readonly AcceptedRegistry[] {
  const parts = (text ?? '').split(/[\s,;]+/).filter((part) => part !== '');
  if (parts.length === 0) {
    problems.push(
      'REGISTRIES is missing: name the audited registries by login server, separated by commas, each with ' +
        '"=" and its resource id if wanted, such as contoso.azurecr.io=/subscriptions/…/registries/contoso',
    );
  }
  const registries = parts.map((part): AcceptedRegistry => {
    const [server = '', ...id] = part.toLowerCase().split('=');
    const resourceId = id.join('=').replace(/\/+$/, '');
    if (!loginServerForm.test(server)) {
      problems.push(`REGISTRIES: "${server}" is not a login server such as contoso.azurecr.io`);
    }
    if (id.length > 0 && !resourceIdForm.test(resourceId)) {
      problems.push(`REGISTRIES: "${resourceId}" is not the resource id of a container registry`);
    }
    return id.length > 0 ? { loginServer: server, resourceId } : { loginServer: server };
  });
  const names = registries.map(({ loginServer }) => loginServer);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  for (const name of new Set(twice)) problems.push(`REGISTRIES names ${name} more than once`);
  return registries;
}

function readStorage(environment: Environment, problems: string[]): StorageSettings | undefined {
  const connectionString = environment['AuditStorage'];
  const tableServiceUri = environment['AuditStorage__tableServiceUri'];
  const clientId = environment['AuditStorage__clientId'];
  if (tableServiceUri) {
    if (!/^https:\/\//.test(tableServiceUri)) {
      problems.push('AuditStorage__tableServiceUri must be an https address');
    }
    return { tableServiceUri, ...(clientId ? { clientId } : {}) };
  }
  if (connectionString) return { connectionString };
  problems.push(
    'AuditStorage__tableServiceUri (with an identity) or AuditStorage (a connection string) is missing',
  );
  return undefined;
}

function readAuth(environment: Environment, problems: string[]): AuthMode {
  const asked = environment['ACR_AUDIT_AUTH'];
  const inAzure = Boolean(environment['WEBSITE_INSTANCE_ID'] || environment['WEBSITE_SITE_NAME']);
  if (asked !== undefined && asked !== '' && asked !== 'development') {
    problems.push(`ACR_AUDIT_AUTH is "${asked}": it is "development" on one machine, and absent otherwise`);
  }
  if (asked === 'development') {
    if (inAzure) problems.push('ACR_AUDIT_AUTH=development is refused in Azure: remove it');
    return 'development';
  }
  // https://learn.microsoft.com/azure/app-service/reference-app-settings: set by the platform, not by us.
  return environment['WEBSITE_AUTH_ENABLED']?.toLowerCase() === 'true' ? 'platform' : 'closed';
}
