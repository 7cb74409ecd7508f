import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/**
 * The command of Azure Functions Core Tools: that of the project, which npm installs where its download is reached, or one of the
 * system; `undefined` where there is none. https://learn.microsoft.com/azure/azure-functions/functions-run-local
 */
export function coreTools(path = process.env['PATH'] ?? ''): string | undefined {
  const name = process.platform === 'win32' ? 'func.cmd' : 'func';
  const folders = [resolve('node_modules/.bin'), ...path.split(delimiter).filter((folder) => folder !== '')];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}
