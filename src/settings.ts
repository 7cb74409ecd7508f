import { type AlertSettings, readAlertSettings } from './alert-settings.ts';
import type { AuthMode } from './api/principal.ts';
import { type PrivacyKey, readPrivacyKey } from './ledger/pseudonym.ts';
import { type LedgerSettings, readLedgerSettings } from './ledger-settings.ts';
import type { Policy } from './protection/policy.ts';
import { readPolicy } from './protection/policy-reading.ts';
import type { AcceptedRegistry } from './registry/accepted-registry.ts';
import type { LogSource } from './registry/log-source.ts';
import { registryNamed } from './registry/reference.ts';
import type { Source } from './workloads/source.ts';
import { readSources } from './workloads/source-reading.ts';

/** How the audit's storage is reached: a connection string, or endpoints and an identity. */
export type StorageSettings =
  | { readonly connectionString: string }
  | {
      readonly tableServiceUri: string;
      readonly queueServiceUri: string;
      readonly blobServiceUri: string;
    };

/** The app's settings, read once at start. */
export interface Settings {
  readonly registries: readonly AcceptedRegistry[];
  readonly storage: StorageSettings;
  /** Client id of the user-assigned identity that storage and registries are reached with, where there are several. */
  readonly clientId?: string;
  /** Presented to registries instead of a token of the identity: a stand-in on one machine takes any. */
  readonly registryToken?: string;
  readonly auth: AuthMode;
  /** Where the diagnostic logs of registries are, of those that have some. */
  readonly logs: readonly LogSource[];
  /** What is protected; absent: nothing can be approved. */
  readonly policy?: Policy;
  /** The key of pseudonyms, or the identifier of the Key Vault secret that holds it; there where the policy asks for them. */
  readonly privacyKey?: PrivacyKey | { readonly secretId: string };
  /** Places that are asked which images are used; with none, nothing counts as unused. */
  readonly sources: readonly Source[];
  readonly alerts: AlertSettings;
  readonly ledger: LedgerSettings;
  /** Azure Resource Manager of the cloud, such as `https://management.usgovcloudapi.net`; that of Azure unless told. */
  readonly armEndpoint?: string;
  /** Client id of the user-assigned identity that sets locks, when it is another. */
  readonly lockerClientId?: string;
  /** Client id of the user-assigned identity that deletes what plans let go; absent: nothing is ever deleted. */
  readonly deleterClientId?: string;
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

/** The text of a file by its path below the app's folder, or `undefined` when there is none. */
export type ReadText = (path: string) => string | undefined;

const policyFile = 'policy.json';
const inventoryFile = 'inventory.json';

/**
 * Reads the settings of an environment, and the policy that they or the app's folder hold; throws {@link SettingsError}
 * with all problems at once.
 */
export function readSettings(environment: Environment, readText: ReadText = () => undefined): Settings {
  const problems: string[] = [];
  const registries = readRegistries(environment['REGISTRIES'], problems);
  const storage = readStorage(environment, problems);
  const auth = readAuth(environment, problems);
  const clientId = environment['AuditStorage__clientId'];
  const registryToken = readRegistryToken(environment, problems);
  const logs = readLogs(environment['ACR_AUDIT_LOGS'], registries, problems);
  const policy = readPolicyFile(environment['ACR_AUDIT_POLICY'], readText, problems);
  const privacyKey = readPrivacyKeySetting(environment, policy, readText, problems);
  const sources = readInventoryFile(environment['ACR_AUDIT_INVENTORY'], readText, problems);
  const armEndpoint = readArmEndpoint(environment, problems);
  const alerts = readAlertSettings(environment, problems);
  const hooks = alerts.webhooks.map(({ name }) => name);
  const ledger = readLedgerSettings(environment, hooks, problems);
  const lockerClientId = environment['ACR_AUDIT_LOCKER_CLIENT_ID'];
  const deleterClientId = readDeleter(environment, [clientId, lockerClientId], problems);
  if (storage === undefined || problems.length > 0) throw new SettingsError(problems);
  return {
    registries,
    storage,
    auth,
    logs,
    sources,
    alerts,
    ledger,
    ...(armEndpoint === undefined ? {} : { armEndpoint }),
    ...(policy === undefined ? {} : { policy }),
    ...(privacyKey === undefined ? {} : { privacyKey }),
    ...(lockerClientId ? { lockerClientId } : {}),
    ...(deleterClientId === undefined ? {} : { deleterClientId }),
    ...(clientId ? { clientId } : {}),
    ...(registryToken === undefined ? {} : { registryToken }),
  };
}

function readPolicyFile(
  asked: string | undefined,
  readText: ReadText,
  problems: string[],
): Policy | undefined {
  const path = asked || policyFile;
  const text = readText(path);
  if (text === undefined) {
    if (asked) problems.push(`ACR_AUDIT_POLICY names ${path}, which is not there`);
    return undefined;
  }
  const reading = readPolicy(parsed(text));
  if (reading.ok) return reading.policy;
  problems.push(...reading.problems.map(({ field, problem }) => `${path}: ${field} ${problem}`));
  return undefined;
}

const secretIdForm = /^https:\/\/[a-z0-9.-]+(?::\d{1,5})?\/secrets\/[A-Za-z0-9-]{1,127}\/[0-9a-f]{32}$/;

/** A policy that asks for pseudonyms is not followed without a key: nothing starts then. The key is never repeated. */
function readPrivacyKeySetting(
  environment: Environment,
  policy: Policy | undefined,
  readText: ReadText,
  problems: string[],
): Settings['privacyKey'] {
  const [file, secretId] = [
    environment['ACR_AUDIT_PRIVACY_KEY_FILE'],
    environment['ACR_AUDIT_PRIVACY_KEY_SECRET'],
  ];
  if (file && secretId) {
    problems.push('ACR_AUDIT_PRIVACY_KEY_FILE and ACR_AUDIT_PRIVACY_KEY_SECRET are both set: keep one');
    return undefined;
  }
  if (file) {
    const text = readText(file);
    const key = text === undefined ? undefined : readPrivacyKey(text);
    if (text === undefined) problems.push(`ACR_AUDIT_PRIVACY_KEY_FILE names ${file}, which is not there`);
    else if (key === undefined) problems.push(`${file} is not the Base64 of at least 32 bytes`);
    return key;
  }
  if (secretId) {
    if (secretIdForm.test(secretId)) return { secretId };
    problems.push(
      'ACR_AUDIT_PRIVACY_KEY_SECRET is not the identifier of a secret with its version, such as https://contoso.vault.azure.net/secrets/privacy/<version>',
    );
    return undefined;
  }
  if (policy?.privacy?.hashAddresses || policy?.privacy?.hashActors) {
    problems.push(
      'ACR_AUDIT_PRIVACY_KEY_FILE or ACR_AUDIT_PRIVACY_KEY_SECRET is missing: the policy wants addresses or actors replaced',
    );
  }
  return undefined;
}

/** What deletes can do nothing else, and what does anything else cannot delete. */
function readDeleter(
  environment: Environment,
  others: readonly (string | undefined)[],
  problems: string[],
): string | undefined {
  const id = environment['ACR_AUDIT_DELETER_CLIENT_ID'];
  if (!id) return undefined;
  if (others.includes(id)) {
    problems.push(
      'ACR_AUDIT_DELETER_CLIENT_ID is the identity of something else: give what deletes one of its own',
    );
  }
  return id;
}

function readArmEndpoint(environment: Environment, problems: string[]): string | undefined {
  const text = environment['ACR_AUDIT_ARM_ENDPOINT'];
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal =
    environment['ACR_AUDIT_AUTH'] === 'development' &&
    /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(url?.origin ?? '');
  if (url?.href !== `${url?.origin}/` || (url.protocol !== 'https:' && !isLocal)) {
    problems.push('ACR_AUDIT_ARM_ENDPOINT is not an https address such as https://management.azure.com');
  }
  return url?.origin;
}

function readInventoryFile(
  asked: string | undefined,
  readText: ReadText,
  problems: string[],
): readonly Source[] {
  const path = asked || inventoryFile;
  const text = readText(path);
  if (text === undefined) {
    if (asked) problems.push(`ACR_AUDIT_INVENTORY names ${path}, which is not there`);
    return [];
  }
  const reading = readSources(parsed(text));
  if (reading.ok) return reading.sources;
  problems.push(...reading.problems.map(({ field, problem }) => `${path}: ${field} ${problem}`));
  return [];
}

/** What is no JSON is read as nothing, which no policy is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
// Of one word, only localhost is a host: image references take any other for a repository.
const loginServerForm = new RegExp(
  `^(?:${label}(?:\\.${label})+|localhost|${label}(?=:))(?::(?<port>\\d{1,5}))?$`,
);
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
    const [domain = '', ...id] = part.toLowerCase().split('=');
    const server = registryNamed(domain);
    const resourceId = id.join('=').replace(/(?<!\/)\/+$/, '');
    if (!isLoginServer(domain)) {
      problems.push(`REGISTRIES: "${domain}" is not a login server such as contoso.azurecr.io`);
    }
    if (id.length > 0 && !resourceIdForm.test(resourceId)) {
      problems.push(`REGISTRIES: "${resourceId}" is not the resource id of a container registry`);
    }
    return id.length > 0 ? { loginServer: server, resourceId } : { loginServer: server };
  });
  const names = registries.map(({ loginServer }) => loginServer);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  for (const name of new Set(twice)) problems.push(`REGISTRIES names ${name} more than once`);
  if (twice.length === 0) problems.push(...mistakable(registries));
  return registries;
}

function isLoginServer(text: string): boolean {
  const form = loginServerForm.exec(text);
  return form !== null && Number(form.groups?.['port'] ?? 0) <= 65_535;
}

/** Registries whose events could be taken for another's. */
function mistakable(registries: readonly AcceptedRegistry[]): readonly string[] {
  return registries.flatMap((one, index) =>
    registries.slice(index + 1).flatMap((other) => {
      const pair = `${one.loginServer} and ${other.loginServer}`;
      if (one.resourceId !== undefined && other.resourceId !== undefined) {
        return one.resourceId === other.resourceId
          ? [`REGISTRIES gives ${pair} the same resource id ${one.resourceId}`]
          : [];
      }
      return registryNameOf(one) === registryNameOf(other)
        ? [`REGISTRIES: ${pair} are told apart only by their resource ids: give each its own`]
        : [];
    }),
  );
}

/** The name that events give a registry, by which one without a resource id is known. */
function registryNameOf({ loginServer, resourceId }: AcceptedRegistry): string | undefined {
  return resourceId?.split('/').at(-1) ?? /^[a-z0-9]+/.exec(loginServer)?.[0];
}

const workspaceIdForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `resource` for every registry, or for each that has logs `=` and `resource` or the id of a workspace. */
function readLogs(
  text: string | undefined,
  registries: readonly AcceptedRegistry[],
  problems: string[],
): readonly LogSource[] {
  const parts = (text ?? '')
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter((part) => part !== '');
  const isAll = parts.length === 1 && parts[0] === 'resource';
  const named = isAll ? registries.map(({ loginServer }) => `${loginServer}=resource`) : parts;
  const sources = named.flatMap((part) => logSourceOf(part, registries, problems) ?? []);
  const names = sources.map(({ loginServer }) => loginServer);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  for (const name of new Set(twice)) problems.push(`ACR_AUDIT_LOGS names ${name} more than once`);
  return sources;
}

function logSourceOf(
  part: string,
  registries: readonly AcceptedRegistry[],
  problems: string[],
): LogSource | undefined {
  const [domain = '', place = '', ...rest] = part.split('=');
  const loginServer = registryNamed(domain);
  const registry = registries.find((one) => one.loginServer === loginServer);
  if (registry === undefined) {
    problems.push(`ACR_AUDIT_LOGS: "${loginServer}" is not among the REGISTRIES`);
  } else if (rest.length === 0 && workspaceIdForm.test(place)) {
    return { loginServer, workspaceId: place };
  } else if (rest.length > 0 || place !== 'resource') {
    problems.push(
      `ACR_AUDIT_LOGS: "${part}" needs "=" and the id of a Log Analytics workspace, or "resource", after the login server`,
    );
  } else if (registry.resourceId === undefined) {
    problems.push(`ACR_AUDIT_LOGS: ${loginServer} has no resource id in REGISTRIES to ask for its logs by`);
  } else {
    return { loginServer, resourceId: registry.resourceId };
  }
  return undefined;
}

const namesAccount = /(?:^|;)\s*(?:UseDevelopmentStorage=true|DefaultEndpointsProtocol=https?)/i;
const namesServices = ['Table', 'Queue', 'Blob'].map(
  (service) => new RegExp(`(?:^|;)\\s*${service}Endpoint=https?://`, 'i'),
);

function isConnectionString(text: string): boolean {
  return namesAccount.test(text) || namesServices.every((endpoint) => endpoint.test(text));
}

function readStorage(environment: Environment, problems: string[]): StorageSettings | undefined {
  const connectionString = environment['AuditStorage'];
  const tableServiceUri = environment['AuditStorage__tableServiceUri'];
  if (tableServiceUri) {
    const uriOf = (service: string) => {
      const name = `AuditStorage__${service}ServiceUri`;
      const uri = environment[name] ?? '';
      if (!/^https:\/\//.test(uri)) problems.push(`${name} must be an https address`);
      return uri;
    };
    return {
      tableServiceUri: uriOf('table'),
      queueServiceUri: uriOf('queue'),
      blobServiceUri: uriOf('blob'),
    };
  }
  if (connectionString) {
    // The text holds a key, so it is never repeated.
    if (!isConnectionString(connectionString)) {
      problems.push(
        'AuditStorage is not a connection string of a storage account with tables, queues and blobs',
      );
    }
    return { connectionString };
  }
  problems.push(
    'AuditStorage__tableServiceUri, AuditStorage__queueServiceUri and AuditStorage__blobServiceUri (with an ' +
      'identity) or AuditStorage (a connection string) is missing',
  );
  return undefined;
}

// Set by App Service and Functions, and by Container Apps:
// https://learn.microsoft.com/azure/app-service/reference-app-settings#app-environment and
// https://learn.microsoft.com/azure/container-apps/environment-variables
const azureNames = ['WEBSITE_INSTANCE_ID', 'WEBSITE_SITE_NAME', 'CONTAINER_APP_NAME'];

function readRegistryToken(environment: Environment, problems: string[]): string | undefined {
  const token = environment['ACR_AUDIT_REGISTRY_TOKEN'];
  if (!token) return undefined;
  if (environment['ACR_AUDIT_AUTH'] !== 'development') {
    problems.push('ACR_AUDIT_REGISTRY_TOKEN is for stand-ins on one machine: remove it');
  }
  return token;
}

function readAuth(environment: Environment, problems: string[]): AuthMode {
  const asked = environment['ACR_AUDIT_AUTH'];
  const inAzure = azureNames.some((name) => environment[name]);
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
