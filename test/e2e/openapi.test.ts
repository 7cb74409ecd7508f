import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as z from 'zod/mini';
import { sample, sampleImage } from '../../src/api/documents/samples.ts';
import { version } from '../../src/api/version.ts';
import { type HostedEstate, hostedEstate } from '../builders/hosted-estate.ts';
import { eventually } from '../component/host/host-process.ts';

/** Milliseconds on a machine that is busy with other things. */
const timeout = 240_000;

const examples = z.optional(z.record(z.string(), z.object({ summary: z.string(), value: z.unknown() })));
const content = z.record(z.string(), z.looseObject({ schema: z.unknown(), examples }));
// Bytes have no schema.
const answerContent = z.record(z.string(), z.object({ schema: z.optional(z.unknown()), examples }));
const operationForm = z.looseObject({
  operationId: z.string(),
  parameters: z.optional(
    z.array(
      z.looseObject({ name: z.string(), in: z.enum(['query', 'path']), schema: z.unknown(), examples }),
    ),
  ),
  requestBody: z.optional(z.object({ required: z.literal(true), content })),
  responses: z.record(z.string(), z.looseObject({ content: z.optional(answerContent) })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
});
const documentForm = z.looseObject({
  info: z.looseObject({ version: z.string() }),
  servers: z.array(z.object({ url: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operationForm)),
});

type Operation = z.output<typeof operationForm> & { readonly path: string; readonly method: string };

let estate: HostedEstate;
let text: string;
let operations: ReadonlyMap<string, Operation>;
let server: string;
let ajv: Ajv2020;

beforeAll(async () => {
  estate = await hostedEstate();
  const response = await fetch(`${estate.address}/api/v1/openapi.json`);
  expect(response.headers.get('content-type')).toBe('application/json');
  text = await response.text();
  const document = documentForm.parse(JSON.parse(text));
  server = document.servers[0]?.url ?? '';
  operations = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        operation.operationId,
        { ...operation, path, method: method.toUpperCase() },
      ]),
    ),
  );
  const isTime = (value: string) =>
    /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value));
  ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': isTime } });
  ajv.addSchema(JSON.parse(text), 'api');
}, timeout);
afterAll(async () => {
  await estate?.stop();
}, timeout);

/** What is wrong with a value by the schema at a place of the document. */
function problems(place: readonly string[], value: unknown): unknown {
  const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
  const validate = ajv.getSchema(`api#/${encodeURI(pointer)}`);
  if (validate === undefined) return `there is no schema at ${pointer}`;
  return validate(value) ? undefined : validate.errors;
}

const bodyPlace = ({ path, method }: Operation) => [
  ...['paths', path, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema'],
];
const answerPlace = ({ path, method }: Operation, status: string) => [
  ...['paths', path, method.toLowerCase(), 'responses', status, 'content', 'application/json', 'schema'],
];
const statusOf = ({ responses }: Operation) =>
  Object.keys(responses).find((code) => code.startsWith('2')) ?? '';

/** Names of an operation's examples. */
function exampleNames({ parameters = [], requestBody, responses }: Operation): readonly string[] {
  const all = [
    ...parameters.map((parameter) => parameter.examples),
    ...Object.values(requestBody?.content ?? {}).map((body) => body.examples),
    ...Object.values(responses).flatMap((answer) =>
      Object.values(answer.content ?? {}).map((one) => one.examples),
    ),
  ];
  return [...new Set(all.flatMap((some) => Object.keys(some ?? {})))].sort();
}

describe('when the API tells what it is', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'openapi-'));
    try {
      const file = join(directory, 'openapi.json');
      await writeFile(file, text);
      const validator = resolve('node_modules/@seriousme/openapi-schema-validator/bin/validate-api-cli.js');
      const { stdout } = await promisify(execFile)(process.execPath, [validator, file]);
      expect(JSON.parse(stdout)).toEqual({ valid: true });
      await writeFile(file, text.replace('"responses":', '"replies":'));
      await expect(promisify(execFile)(process.execPath, [validator, file])).rejects.toThrow();
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('has the version of the package, and more than thirty operations', async () => {
    const packageJson = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile('package.json', 'utf8')));
    expect([version, documentForm.parse(JSON.parse(text)).info.version]).toEqual([
      packageJson.version,
      packageJson.version,
    ]);
    expect(operations.size).toBeGreaterThan(30);
  });

  it('says which role each operation needs', () => {
    expect(operations.get('postApprovals')?.security).toEqual([{ entra: ['Release.Approve'] }]);
    expect(operations.get('getHealth')?.security).toEqual([]);
    const open = [...operations.values()].filter(({ security }) => security.length === 0);
    expect(open.map(({ operationId }) => operationId)).toEqual(['getHealth']);
  });

  it('describes every parameter and body with an example, and its answers are as their schemas say', () => {
    for (const operation of operations.values()) {
      const body = operation.requestBody?.content['application/json'];
      for (const { value } of Object.values(body?.examples ?? {})) {
        expect([operation.operationId, problems(bodyPlace(operation), value)]).toEqual([
          operation.operationId,
          undefined,
        ]);
      }
      if (body !== undefined) expect(Object.keys(body.examples ?? {})).not.toEqual([]);
      const status = statusOf(operation);
      for (const { value } of Object.values(
        operation.responses[status]?.content?.['application/json']?.examples ?? {},
      )) {
        expect([operation.operationId, problems(answerPlace(operation, status), value)]).toEqual([
          operation.operationId,
          undefined,
        ]);
      }
    }
  });
});

describe('when a body is not as its schema says', () => {
  const object = z.record(z.string(), z.unknown());
  const named = z.looseObject({ schema: z.looseObject({ $ref: z.string() }) });
  const components = z.looseObject({
    components: z.looseObject({
      schemas: z.record(
        z.string(),
        z.looseObject({
          additionalProperties: z.optional(z.unknown()),
          properties: z.optional(object),
          required: z.optional(z.array(z.string())),
        }),
      ),
    }),
  });

  it('the service refuses it, and knows every field that the schema has', async () => {
    const { schemas } = components.parse(JSON.parse(text)).components;
    let tried = 0;
    for (const { operationId, path, method, parameters = [], requestBody } of operations.values()) {
      const json = requestBody?.content['application/json'];
      // What a source is sent is read by its content.
      if (json === undefined || operationId === 'putInventory') continue;
      const schema = schemas[named.parse(json).schema.$ref.replace('#/components/schemas/', '')];
      if (schema === undefined) throw new Error(operationId);
      const example = object.parse(Object.values(json.examples ?? {})[0]?.value);
      let url = `${estate.address}${server}${path}`;
      for (const { name, examples: values } of parameters) {
        url = url.replace(`{${name}}`, String(Object.values(values ?? {})[0]?.value));
      }
      const refused = async (body: object) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
        return `${response.status} ${await response.text()}`;
      };
      for (const name of schema.required ?? []) {
        const { [name]: _, ...rest } = example;
        expect([operationId, name, await refused(rest)]).toEqual([
          operationId,
          name,
          expect.stringMatching(/^400 /),
        ]);
      }
      const unknown = await refused({ ...example, nonsense: 1 });
      expect([operationId, unknown]).toEqual([operationId, expect.stringMatching(/^400 .*nonsense/)]);
      const fields = Object.keys(schema.properties ?? {});
      // The service lists the fields that it knows.
      for (const field of fields)
        expect([operationId, unknown]).toEqual([operationId, expect.stringContaining(field)]);
      expect(schema.additionalProperties).toBe(false);
      tried += 1;
    }
    expect(tried).toBeGreaterThan(12);
  });
});

/** In an order in which each finds what it is about. */
const order = [
  ...[
    'getHealth',
    'getOpenapi',
    'getStatus',
    'getHistory',
    'getResolve',
    'getDigests',
    'getFindings',
    'getFinding',
  ],
  ...[
    'postFindingAcknowledge',
    'postFindingResolve',
    'postFindingReopen',
    'postFindingWaive',
    'putInventory',
  ],
  ...['getInventory', 'getUses', 'postDeploymentsVerify', 'postApprovals', 'getApprovals', 'getApproval'],
  ...['getRecords', 'postApprovalOutcome', 'postApprovalRelease', 'postHolds', 'getHolds', 'postHoldLift'],
  ...['postRetentionCheck', 'postRetentionPlans', 'getRetentionPlans', 'getRetentionPlan'],
  ...['getRetentionPlanItems', 'postRetentionPlanApprove', 'postRetentionPlanExecute', 'getRestorable'],
  'postRestore',
  ...['getLedgerCheckpoint', 'getLedgerTile', 'getLedgerFile', 'getLedgerKeys', 'getLedgerProof'],
  ...['getLedgerConsistency', 'getDigestsEvidence', 'postInventoryRetire'],
];

describe('when its examples are run', () => {
  const actual = new Map<string, string>();
  const inPlace = (value: unknown): unknown => {
    let json = JSON.stringify(value);
    for (const [name, own] of actual) json = json.replaceAll(name, own);
    return JSON.parse(json);
  };

  async function run(operation: Operation, name: string): Promise<unknown> {
    const { path, method, parameters = [], requestBody, operationId } = operation;
    const url = new URL(`${estate.address}${server}${path}`);
    for (const parameter of parameters) {
      const example = parameter.examples?.[name];
      if (example === undefined) continue;
      const value = String(inPlace(example.value));
      if (parameter.in === 'query') url.searchParams.set(parameter.name, value);
      else {
        // The rest of a path keeps its slashes.
        const part = encodeURIComponent(value).replaceAll('%2F', '/');
        url.pathname = url.pathname.replace(`%7B${parameter.name}%7D`, part);
      }
    }
    const body = requestBody?.content['application/json']?.examples?.[name];
    const response = await fetch(url, {
      method,
      headers: {
        // Who executes a plan is another than who approved it.
        'x-dev-principal': operationId.endsWith('Execute') ? 'executor' : 'planner',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(inPlace(body.value)) }),
    });
    const answer = await response.text();
    const status = statusOf(operation);
    expect([operationId, String(response.status), answer]).toEqual([operationId, status, expect.any(String)]);
    if (answer === '') return undefined;
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
    expect(Object.keys(operation.responses[status]?.content ?? {})).toContain(type);
    if (type !== 'application/json') return answer;
    const json: unknown = JSON.parse(answer);
    expect([operationId, problems(answerPlace(operation, status), json)]).toEqual([operationId, undefined]);
    return json;
  }

  const withId = z.looseObject({ id: z.string() });
  const withRecords = z.object({ items: z.array(z.looseObject({ recordId: z.string() })) });
  const planForm = z.object({ id: z.string(), state: z.string(), hash: z.string() });

  /** Keeps the ids of what was made, for the examples that are about it. */
  async function learn(operationId: string, answer: unknown): Promise<void> {
    if (operationId === 'postApprovals') actual.set(sample.approval, withId.parse(answer).id);
    if (operationId === 'getHistory') {
      for (const { recordId } of withRecords.parse(answer).items) actual.set(sample.recordId, recordId);
    }
    if (operationId === 'getLedgerCheckpoint') {
      const [, size = ''] = z.string().parse(answer).split('\n');
      actual.set(sample.logSize, size);
      actual.set(sample.tile, `0/000.p/${size}`);
    }
    if (operationId === 'postHolds') actual.set(sample.hold, withId.parse(answer).id);
    if (operationId !== 'postRetentionPlans') return;
    const { id } = withId.parse(answer);
    const made = await eventually(async () => {
      const found = await fetch(`${estate.address}/api/v1/retention/plans/${id}`);
      const plan = planForm.parse(await found.json());
      return plan.state === 'making' ? undefined : plan;
    });
    expect(made.state).toBe('ready');
    actual.set(sample.plan, id);
    actual.set(sample.planHash, made.hash);
  }

  it(
    'each is answered as it says, by the service in its host',
    async () => {
      expect([...operations.keys()].sort()).toEqual([...order].sort());
      actual.set(sampleImage.repository, `${estate.registry.loginServer}/${sample.repository}`);
      actual.set(sample.registry, estate.registry.loginServer);
      actual.set(sample.digest, estate.digest);
      actual.set(sample.olderDigest, estate.older);
      actual.set(sample.finding, estate.finding);
      // A waiver has to end before long.
      actual.set(sample.until, new Date(Date.now() + 30 * 86_400_000).toISOString());
      for (const operationId of order) {
        const operation = operations.get(operationId);
        if (operation === undefined) throw new Error(operationId);
        // A source can be retired once it is in the settings no more.
        if (operationId === 'postInventoryRetire') await estate.restart([]);
        if (operationId === 'getLedgerCheckpoint') await estate.seal();
        const names = exampleNames(operation);
        for (const name of names.length === 0 ? [''] : names) {
          await learn(operationId, await run(operation, name));
        }
      }
    },
    timeout,
  );
});
