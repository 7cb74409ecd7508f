import { readVerifierKey, type VerifierKey } from './ledger/signed-note.ts';

/** How logs are signed, and who else keeps their checkpoints. */
export interface LedgerSettings {
  /** A Key Vault key with its version, such as `https://contoso.vault.azure.net/keys/ledger/<32 digits>`. */
  readonly vaultKey?: string;
  /** A file with an Ed25519 key, made at the first start. */
  readonly keyFile?: string;
  /** The key before, as {@link vaultKey} or {@link keyFile}, while it can still sign that it hands over. */
  readonly formerVaultKey?: string;
  readonly formerKeyFile?: string;
  /** Keys that signed logs before the present ones. */
  readonly formerKeys: readonly VerifierKey[];
  readonly witnesses: {
    /** Address of a blob container, of another account at best. */
    readonly container?: string;
    /** A folder, for one machine or a share. */
    readonly folder?: string;
    /** Names of webhooks for alerts that are given checkpoints as well. */
    readonly webhooks: readonly string[];
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

const vaultKeyForm = /^https:\/\/[a-z0-9-]{3,24}\.[a-z0-9.-]+\/keys\/[A-Za-z0-9-]{1,127}\/[0-9a-f]{32}$/;
const containerForm = /^https?:\/\/[^\s/?#@]+\/(?:[a-z0-9-]+\/)?[a-z0-9](?:-?[a-z0-9]){2,62}$/;

/**
 * Reads `ACR_AUDIT_LEDGER_SIGNING_KEY` and `ACR_AUDIT_LEDGER_KEY_FILE`, of which both may be given, and then both sign;
 * their like with `FORMER` for the keys before; `ACR_AUDIT_LEDGER_FORMER_KEYS`; and `ACR_AUDIT_LEDGER_WITNESS_CONTAINER`, `…_FOLDER` and `…_WEBHOOKS`.
 */
export function readLedgerSettings(
  environment: Environment,
  webhooks: readonly string[],
  problems: string[],
): LedgerSettings {
  const vaultKey = readVaultKey(environment, 'ACR_AUDIT_LEDGER_SIGNING_KEY', problems);
  const formerVaultKey = readVaultKey(environment, 'ACR_AUDIT_LEDGER_FORMER_SIGNING_KEY', problems);
  const container = environment['ACR_AUDIT_LEDGER_WITNESS_CONTAINER'];
  const isDevelopment = environment['ACR_AUDIT_AUTH'] === 'development';
  if (container && !(containerForm.test(container) && (isDevelopment || container.startsWith('https:')))) {
    problems.push(
      'ACR_AUDIT_LEDGER_WITNESS_CONTAINER is not the https address of a blob container, without a signature',
    );
  }
  const keyFile = environment['ACR_AUDIT_LEDGER_KEY_FILE'];
  const formerKeyFile = environment['ACR_AUDIT_LEDGER_FORMER_KEY_FILE'];
  const folder = environment['ACR_AUDIT_LEDGER_WITNESS_FOLDER'];
  return {
    ...(vaultKey ? { vaultKey } : {}),
    ...(keyFile ? { keyFile } : {}),
    ...(formerVaultKey ? { formerVaultKey } : {}),
    ...(formerKeyFile ? { formerKeyFile } : {}),
    formerKeys: readFormerKeys(environment['ACR_AUDIT_LEDGER_FORMER_KEYS'], problems),
    witnesses: {
      ...(container ? { container } : {}),
      ...(folder ? { folder } : {}),
      webhooks: readWebhooks(environment['ACR_AUDIT_LEDGER_WITNESS_WEBHOOKS'], webhooks, problems),
    },
  };
}

function readVaultKey(environment: Environment, name: string, problems: string[]): string | undefined {
  const key = environment[name];
  if (key && !vaultKeyForm.test(key)) {
    problems.push(
      `${name} is not a key with its version, such as https://contoso.vault.azure.net/keys/ledger/<32 hexadecimal digits>`,
    );
  }
  return key;
}

function partsOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((part) => part !== '');
}

function readFormerKeys(text: string | undefined, problems: string[]): readonly VerifierKey[] {
  return partsOf(text).flatMap((part, index) => {
    const key = readVerifierKey(part);
    if (key !== undefined) return [key];
    problems.push(
      `ACR_AUDIT_LEDGER_FORMER_KEYS: number ${index + 1} is not a key as \`GET ledger/keys\` tells it, name+id+base64`,
    );
    return [];
  });
}

function readWebhooks(
  text: string | undefined,
  known: readonly string[],
  problems: string[],
): readonly string[] {
  const names = partsOf(text);
  for (const name of names) {
    if (!known.includes(name)) {
      problems.push(`ACR_AUDIT_LEDGER_WITNESS_WEBHOOKS: ${name} is not among ACR_AUDIT_ALERT_WEBHOOKS`);
    }
  }
  return [...new Set(names)];
}
