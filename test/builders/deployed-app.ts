import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { AppDirectory } from '../component/host/host-process.ts';

const packageJson = z.object({ main: z.string() });

/** The app as it is deployed: the bundles that the project's own build makes, its `host.json` and a bare `package.json`. */
export async function deployedApp(): Promise<AppDirectory> {
  const root = await mkdtemp(join(tmpdir(), 'acr-audit-app-'));
  const { main } = packageJson.parse(JSON.parse(await readFile('package.json', 'utf8')));
  await promisify(execFile)(process.execPath, ['bundle.js', join(root, dirname(main))]);
  await writeFile(join(root, 'package.json'), JSON.stringify({ main }));
  await copyFile('host.json', join(root, 'host.json'));
  return { root, data: join(root, 'data'), remove: () => rm(root, { recursive: true, force: true }) };
}
