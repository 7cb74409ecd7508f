import { entryOf, loadApp } from '../../../local/host/app-loader.ts';
import { hostFunctions } from '../../../local/host/function-metadata.ts';
import { createLog } from '../../../local/host/log.ts';

/** Loads an app as a worker does, in a process of its own, and tells each function with its bindings. */
async function main(root: string): Promise<void> {
  const { registrations } = await loadApp(
    await entryOf(root),
    createLog((text) => void process.stderr.write(text), 'warning'),
  );
  const { functions, problems } = hostFunctions(registrations.functions, process.env);
  const told = functions.map(({ name, metadata }) => ({ name, bindings: metadata.bindings }));
  process.stdout.write(JSON.stringify({ functions: told, problems }));
}

void main(process.argv[2] ?? '.');
