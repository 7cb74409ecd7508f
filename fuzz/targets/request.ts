import fc from 'fast-check';
import { cursorOf, readCursor } from '../../src/api/cursor.ts';
import {
  readDigestImage,
  readImage,
  readRegistry,
  readScope,
  readTagImage,
} from '../../src/api/image-parameter.ts';
import { limitParameter } from '../../src/api/limit-parameter.ts';
import { principalOf } from '../../src/api/principal.ts';
import { RequestProblem } from '../../src/api/problem.ts';
import { timeParameter } from '../../src/api/time-parameter.ts';
import { asOfParameter } from '../../src/dashboard/as-of.ts';
import { forgery } from '../../src/dashboard/form-token.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { asJson, outsideTexts, references, times } from '../values.ts';

const one = [{ loginServer: 'contoso.azurecr.io' }];
const two = [...one, { loginServer: 'fabrikam.azurecr.io' }];
const audited = /^(?:[a-z0-9-]+\.)?(?:contoso|fabrikam)\.azurecr\.io$/;

const cursors = fc
  .constantFrom('8222269599999|e-1', '8222269599999|', '|', '\ud800')
  .map((position) => Buffer.from(position).toString('base64url'));
const principals = fc
  .record({
    claims: fc.array(
      fc.record({
        typ: fc.constantFrom('oid', 'roles', 'name'),
        val: fc.constantFrom('Audit.Read', 'Admin', ''),
      }),
    ),
    role_typ: fc.constantFrom('roles', 'x'),
  })
  .map((principal) => Buffer.from(asJson(principal)).toString('base64'));

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  scope: (text) => readScope(text, one).registry,
  'scope of two': (text) => readScope(text, two).registry,
  image: (text) => readImage(text, one).registry,
  tag: (text) => readTagImage(text, two).registry,
  digest: (text) => readDigestImage(text, two).registry,
  registry: (text) => readRegistry(text, two).loginServer,
};

/** Parameters of requests: images, times, limits, cursors, the header that says who calls, and what guards forms. */
export const request: Target = {
  name: 'request',
  form: 'text',
  property:
    'a parameter is read, or refused by a problem of status 400; it names an audited registry alone, a cursor has one spelling, no header gives a role that there is not, and no form is taken without its cookie',
  made: fc.oneof(
    references,
    times,
    cursors,
    principals,
    outsideTexts,
    fc.constantFrom('1', '1000', '0', '2026-05-02T14:03', 'contoso.azurecr.io', 'edge.contoso.azurecr.io'),
  ),
  words: ['contoso.azurecr.io', '.geo.azurecr.io', ':443', 'edge.', '2026-05-02T14:00:00 02:00', '%', '='],
  large: {
    image: (length) => 'a/'.repeat(length / 2),
    'an almost regional name': (length) => 'a.geo.'.repeat(length / 6),
    'an almost unaudited name': (length) => '.azurecr.a'.repeat(length / 10),
    cursor: (length) => 'A'.repeat(length),
    spaces: (length) => ' '.repeat(length),
  },
  check(text) {
    const taken = Object.entries(readers).flatMap(([name, read]) => {
      const registry = outcomeOf(() => read(text));
      hold(
        registry === undefined || audited.test(String(registry)),
        `${name}: ${String(registry)} is not audited`,
      );
      return registry === undefined ? [] : [name];
    });
    const position = outcomeOf(() => readCursor(text));
    hold(position === undefined || cursorOf(position) === text, 'a cursor has two spellings');
    for (const [name, parameter] of Object.entries({
      at: timeParameter,
      asOf: asOfParameter,
      limit: limitParameter,
    })) {
      const { success, data } = parameter.safeParse(text);
      hold(!success || (Number.isSafeInteger(data) && data >= 0), `${name} is no number`);
      if (success) taken.push(name);
    }
    const headers = { get: (name: string) => (name === 'sec-fetch-site' ? 'same-origin' : text) };
    const principal = principalOf(headers, 'platform');
    hold(principal === undefined || (principal.id !== '' && principal.roles.size <= 6), 'a caller has no id');
    hold(principalOf(headers, 'closed') === undefined, 'a header makes a caller');
    hold(
      forgery({ headers, url: 'https://audit.example/' }, 'platform', 'somebody', text) !== undefined,
      'a forged form is taken',
    );
    const kind = `${taken.join()} ${position !== undefined} ${principal !== undefined}`;
    return taken.length > 0 || position !== undefined || principal !== undefined
      ? accepted(kind)
      : refused(kind);
  },
};

function outcomeOf<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    hold(error instanceof RequestProblem && error.problem.status === 400, `it throws ${String(error)}`);
    return undefined;
  }
}
