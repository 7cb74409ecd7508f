import * as z from 'zod/mini';
import { type Role, roles } from '../../src/api/principal.ts';
import { addresses } from '../../src/dashboard/addresses.ts';

/** A way into the service: what it takes, and of whom. */
export interface Door {
  readonly name: string;
  readonly method: string;
  /** Path and query that are asked. */
  readonly path: string;
  /** Every role that a caller has to have; none: anybody may. */
  readonly needs: readonly Role[];
  readonly body?: {
    readonly contentType: string;
    /** Characters, as docs/security.md gives them. */
    readonly most: number;
  };
}

const examples = z.optional(z.record(z.string(), z.object({ value: z.unknown() })));
const operation = z.looseObject({
  operationId: z.string(),
  parameters: z.optional(
    z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.optional(z.boolean()), examples })),
  ),
  requestBody: z.optional(z.unknown()),
  responses: z.record(z.string(), z.looseObject({ content: z.optional(z.record(z.string(), z.unknown())) })),
  security: z.array(z.object({ entra: z.array(z.enum(roles)) })),
});
const documentForm = z.looseObject({
  servers: z.array(z.object({ url: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
});

const json = { contentType: 'application/json', most: 1024 * 1024 };
const snapshot = { contentType: 'application/json', most: 32 * 1024 * 1024 };
const form = { contentType: 'application/x-www-form-urlencoded', most: 16 * 1024 };

/** Every operation of the API, by its OpenAPI document; and the lists that the dashboard gives as files. */
export function apiDoors(document: unknown): readonly Door[] {
  const { servers, paths } = documentForm.parse(document);
  const base = servers[0]?.url ?? '';
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters = [], requestBody, security }]) => {
      let path = `${base}${template}`;
      const query = new URLSearchParams();
      for (const { name, in: place, required, examples = {} } of parameters) {
        const value = String(Object.values(examples)[0]?.value ?? '');
        if (place === 'path') path = path.replace(`{${name}}`, value);
        else if (required) query.set(name, value);
      }
      const body = operationId === 'putInventory' ? snapshot : json;
      return {
        name: operationId,
        method: method.toUpperCase(),
        path: query.size === 0 ? path : `${path}?${query}`,
        needs: security.flatMap(({ entra }) => entra),
        ...(requestBody === undefined ? {} : { body }),
      };
    }),
  );
}

/** What a form of the dashboard takes beside the role to read. */
const formRoles: Readonly<Record<string, Role>> = {
  dashboardFindingChange: 'Findings.Manage',
  dashboardPlanApprove: 'Retention.Plan',
  dashboardPlanExecute: 'Retention.Execute',
};

/** Every address of the dashboard; its files for everybody, everything else for those who may read. */
export function dashboardDoors(): readonly Door[] {
  const samples: Readonly<Record<string, string>> = {
    '{id}': '0'.repeat(32),
    '{name}': 'style.css',
    '{*list}': 'history',
  };
  return addresses.map(({ name, method, path }) => {
    const filled = path.replace(/\{[^}]*\}/, (parameter) => samples[parameter] ?? parameter);
    const role = formRoles[name];
    if (method === 'POST' && role === undefined) throw new Error(`${name}: say what it takes`);
    return {
      name,
      method,
      path: filled === '' ? '/dashboard' : `/dashboard/${filled}`,
      needs: name === 'dashboardAsset' ? [] : role === undefined ? ['Audit.Read'] : ['Audit.Read', role],
      ...(method === 'POST' ? { body: form } : {}),
    };
  });
}

/** Every list that the dashboard gives as a file, and some that there are not. */
export function exportDoors(document: unknown): readonly Door[] {
  const lists = Object.entries(documentForm.parse(document).paths).flatMap(([path, { get }]) =>
    Object.keys(get?.responses['200']?.content ?? {}).includes('text/csv') ? [path.slice(1)] : [],
  );
  const others = ['tags', 'nothing', 'constructor', 'ledger/keys', '..%2F..%2Fapi%2Fv1%2Fhealth'];
  return [...lists, ...others].map((list) => ({
    name: `dashboardExport of ${list}`,
    method: 'GET',
    path: `/dashboard/export/${list.replace('{id}', '0'.repeat(32))}`,
    needs: ['Audit.Read'],
  }));
}
