import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { newTokenKey } from './tokens.ts';

const secrets = z.object({
  username: z.string().min(1),
  password: z.string().min(1),
  tokenKey: z.object({ privateKey: z.string(), publicKey: z.string() }),
});

/** The administrator's credentials and the key that signs tokens: made once for each data directory. */
export type Secrets = Readonly<z.infer<typeof secrets>>;

/** Reads the secrets of a data directory, or makes them. The file is readable by its owner only. */
export async function loadSecrets(directory: string, username: string): Promise<Secrets> {
  const file = join(directory, 'secrets.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    return secrets.parse(JSON.parse(text));
  }
  const made = { username, password: randomBytes(24).toString('base64url'), tokenKey: newTokenKey() };
  await writeFile(file, `${JSON.stringify(made)}\n`, { mode: 0o600 });
  return made;
}
