import { parseArgs } from 'node:util';
import type { RegistryOptions } from './registry-options.ts';

export const usage = `Usage: npm run registry -- [options]
  --port PORT          TCP port, 0 for any free one (default 5443)
  --data DIR           where the registry keeps its state (default .local/registry)
  --ephemeral          keep the state in a temporary folder and remove it at the end
  --name NAME          the registry's name, up to 50 letters and digits (default local)
  --location REGION    the region that events name (default local)
  --events URL         send events to this endpoint, which must answer the validation handshake
  --schema SCHEMA      eventgrid or cloudevents (default eventgrid)
`;

export type RegistryArguments = Pick<
  RegistryOptions,
  'dataDirectory' | 'port' | 'name' | 'location' | 'events'
> & {
  readonly ephemeral: boolean;
};

export type ArgumentsResult = { readonly arguments: RegistryArguments } | { readonly problem: string };

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      port: { type: 'string', default: '5443' },
      data: { type: 'string', default: '.local/registry' },
      ephemeral: { type: 'boolean', default: false },
      name: { type: 'string', default: 'local' },
      location: { type: 'string', default: 'local' },
      events: { type: 'string' },
      schema: { type: 'string', default: 'eventgrid' },
    },
  }).values;
}

/** Reads the command line. */
export function readArguments(argv: readonly string[]): ArgumentsResult {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  const { data, ephemeral, name, location, events, schema } = values;
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port <= 65535)) {
    return { problem: '--port must be a number from 0 to 65535' };
  }
  if (!/^[a-zA-Z0-9]{1,50}$/.test(name)) {
    return { problem: '--name must be up to 50 letters and digits' };
  }
  if (schema !== 'eventgrid' && schema !== 'cloudevents') {
    return { problem: '--schema must be eventgrid or cloudevents' };
  }
  if (events !== undefined && !isHttpUrl(events)) {
    return { problem: '--events must be an http or https URL' };
  }
  return {
    arguments: {
      port,
      dataDirectory: data,
      ephemeral,
      name,
      location,
      ...(events === undefined ? {} : { events: { endpoint: events, schema } }),
    },
  };
}
