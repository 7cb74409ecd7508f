/** A webhook that alerts are posted to. */
export interface WebhookSettings {
  readonly name: string;
  readonly url: string;
  readonly secret: string;
  readonly previousSecret?: string;
}

/** Whom alerts are sent to, besides the log. */
export interface AlertSettings {
  /** The endpoint of a custom topic of Event Grid. */
  readonly topic?: string;
  readonly webhooks: readonly WebhookSettings[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const nameForm = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const shortestSecret = 16;

/**
 * Reads whom alerts are sent to: `ACR_AUDIT_ALERT_TOPIC`, and `ACR_AUDIT_ALERT_WEBHOOKS` as names and addresses
 * (`ops=https://…`) separated by spaces, each with a secret in `ACR_AUDIT_ALERT_WEBHOOK_SECRET_<NAME>` and, while receivers
 * change over, the one before in `…_PREVIOUS`. Addresses and secrets are never repeated in a problem.
 */
export function readAlertSettings(environment: Environment, problems: string[]): AlertSettings {
  const isDevelopment = environment['ACR_AUDIT_AUTH'] === 'development';
  const topic = environment['ACR_AUDIT_ALERT_TOPIC'];
  if (topic && !isAddress(topic, false)) {
    problems.push(
      'ACR_AUDIT_ALERT_TOPIC is not the https address of a topic such as https://name.region-1.eventgrid.azure.net/api/events',
    );
  }
  const parts = (environment['ACR_AUDIT_ALERT_WEBHOOKS'] ?? '').split(/\s+/).filter((part) => part !== '');
  const webhooks = parts.flatMap(
    (part, index) => readWebhook(part, index, environment, isDevelopment, problems) ?? [],
  );
  const names = webhooks.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    problems.push(`ACR_AUDIT_ALERT_WEBHOOKS names ${name} more than once`);
  }
  return { webhooks, ...(topic ? { topic } : {}) };
}

function readWebhook(
  part: string,
  index: number,
  environment: Environment,
  isDevelopment: boolean,
  problems: string[],
): WebhookSettings | undefined {
  const [name = ''] = part.split('=', 1);
  const url = part.slice(name.length + 1);
  if (!nameForm.test(name) || name === 'log' || name === 'event-grid') {
    problems.push(
      `ACR_AUDIT_ALERT_WEBHOOKS: number ${index + 1} has no name of its own before "=": 1 to 32 lower-case letters, digits and "-"`,
    );
    return undefined;
  }
  if (!isAddress(url, isDevelopment)) {
    problems.push(`ACR_AUDIT_ALERT_WEBHOOKS: ${name} has no https address without a user name after "="`);
  }
  const setting = `ACR_AUDIT_ALERT_WEBHOOK_SECRET_${name.toUpperCase().replaceAll('-', '_')}`;
  const secret = environment[setting] ?? '';
  if (secret.length < shortestSecret) {
    problems.push(
      `${setting} is missing, or shorter than ${shortestSecret} characters: ${name} is signed by it`,
    );
  }
  const previousSecret = environment[`${setting}_PREVIOUS`];
  if (previousSecret && previousSecret.length < shortestSecret) {
    problems.push(
      `${setting}_PREVIOUS is shorter than ${shortestSecret} characters: ${name} is signed by it too`,
    );
  }
  return { name, url, secret, ...(previousSecret ? { previousSecret } : {}) };
}

/** An https address without a user; one of http on this machine, while developing. */
function isAddress(text: string, isDevelopment: boolean): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '') return false;
  const isLocal = /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isDevelopment && isLocal);
}
