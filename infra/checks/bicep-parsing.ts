import {
  type BicepFile,
  type DeclaredType,
  type Decorator,
  declaredTypes,
  type Expression,
  type Module,
  type Resource,
  type Statement,
} from './bicep-syntax.ts';
import { BicepSyntaxError, tokensOf } from './bicep-tokens.ts';
import { parseArguments, parseExpression, parseLoop, parseObject } from './expression-parsing.ts';
import { type TokenCursor, tokenCursor } from './token-cursor.ts';

const typeForm = /^(?<type>[A-Za-z0-9.]+(?:\/[A-Za-z0-9]+)+)@(?<version>\d{4}-\d{2}-\d{2}(?:-preview)?)$/;
const nestedForm = /^(?<type>[A-Za-z0-9]+)(?:@(?<version>\d{4}-\d{2}-\d{2}(?:-preview)?))?$/;

/**
 * Parses a Bicep file of the subset that the templates keep to; throws {@link BicepSyntaxError} for anything else, so that
 * nothing passes unread.
 */
export function parseBicep(path: string, text: string): BicepFile {
  const cursor = tokenCursor(tokensOf(text));
  const statements: Statement[] = [];
  cursor.skipNewlines();
  while (cursor.peek().kind !== 'end') {
    statements.push(...parseStatement(cursor));
    if (cursor.peek().kind !== 'end' && cursor.peek().kind !== 'newline')
      cursor.fail('a new line is expected');
    cursor.skipNewlines();
  }
  const scopes = statements.filter((statement) => statement.kind === 'targetScope');
  if (scopes.length > 1)
    throw new BicepSyntaxError('targetScope is there twice', scopes[1]?.place ?? cursor.peek().place);
  return { path, scope: scopes[0]?.scope ?? 'resourceGroup', statements };
}

function parseStatement(cursor: TokenCursor): readonly Statement[] {
  const decorators: Decorator[] = [];
  while (cursor.skip('@')) {
    decorators.push({ name: cursor.expectName(), args: parseArguments(cursor) });
    cursor.skipNewlines();
  }
  const { place } = cursor.peek();
  const keyword = cursor.expectName();
  switch (keyword) {
    case 'targetScope':
      cursor.expect('=');
      return [{ kind: 'targetScope', scope: literal(cursor), place }];
    case 'param': {
      const name = cursor.expectName();
      const type = declaredType(cursor);
      const otherwise = cursor.skip('=') ? parseExpression(cursor) : undefined;
      return [{ kind: 'param', name, type, decorators, place, ...(otherwise && { otherwise }) }];
    }
    case 'var': {
      const name = cursor.expectName();
      cursor.expect('=');
      return [{ kind: 'var', name, decorators, place, value: parseExpression(cursor) }];
    }
    case 'output': {
      const name = cursor.expectName();
      const type = declaredType(cursor);
      cursor.expect('=');
      return [{ kind: 'output', name, type, decorators, place, value: parseExpression(cursor) }];
    }
    case 'import':
      return [{ kind: 'import', name: '', decorators, place, ...parseImport(cursor) }];
    case 'module': {
      const name = cursor.expectName();
      const path = literal(cursor);
      cursor.expect('=');
      const { body } = parseMade(cursor, false);
      return [{ kind: 'module', name, path, decorators, place, ...body } satisfies Module];
    }
    case 'resource':
      return parseResource(cursor, decorators);
    default:
      throw new BicepSyntaxError(`"${keyword}" begins no statement that is used`, place);
  }
}

function parseImport(cursor: TokenCursor): { names: readonly string[]; path: string } {
  cursor.expect('{');
  const names: string[] = [];
  do names.push(cursor.expectName());
  while (cursor.skip(','));
  cursor.expect('}');
  cursor.expectName('from');
  return { names, path: literal(cursor) };
}

/** A resource and those nested in it. */
function parseResource(
  cursor: TokenCursor,
  decorators: readonly Decorator[],
  parent?: Resource,
): readonly Resource[] {
  const { place } = cursor.peek();
  const name = cursor.expectName();
  const named = literal(cursor);
  const form = (parent === undefined ? typeForm : nestedForm).exec(named);
  if (form?.groups === undefined) throw new BicepSyntaxError(`'${named}' is no type with a version`, place);
  const { type = '', version = parent?.apiVersion ?? '' } = form.groups;
  const isExisting = cursor.isAtName('existing');
  if (isExisting) cursor.next();
  cursor.expect('=');
  const { body, nested } = parseMade(cursor, true);
  const resource: Resource = {
    ...{ kind: 'resource', name, decorators, place, isExisting, ...body },
    type: parent === undefined ? type : `${parent.type}/${type}`,
    apiVersion: version,
    ...(parent === undefined ? {} : { within: parent.name }),
  };
  return [resource, ...nested.flatMap((parse) => parse(resource))];
}

type MadeBody = Pick<Resource, 'loop' | 'condition' | 'body'>;
type ParseNested = (parent: Resource) => readonly Resource[];

function parseMade(
  cursor: TokenCursor,
  mayNest: boolean,
): { readonly body: MadeBody; readonly nested: readonly ParseNested[] } {
  if (cursor.skip('[')) {
    const loop = parseLoop(cursor);
    const { body, nested } = parseMade(cursor, false);
    if (nested.length > 0 || body.loop !== undefined) cursor.fail('a loop in a loop is not used');
    cursor.expect(']');
    return { body: { ...body, loop }, nested };
  }
  let condition: Expression | undefined;
  if (cursor.isAtName('if')) {
    cursor.next();
    cursor.expect('(');
    condition = parseExpression(cursor);
    cursor.expect(')');
  }
  const { object, nested } = mayNest ? parseBody(cursor) : { object: parseObject(cursor), nested: [] };
  return { body: { body: object, ...(condition && { condition }) }, nested };
}

/** An object that may hold resources, each after its properties. */
function parseBody(cursor: TokenCursor) {
  const start = cursor.peek().place;
  const tokens = objectTokens(cursor);
  const nestedAt = tokens.findIndex(({ depth, token }, index) => {
    const before = tokens[index - 1]?.token.kind;
    const after = tokens[index + 1]?.token.kind;
    return (
      depth === 1 &&
      token.kind === 'name' &&
      token.text === 'resource' &&
      before === 'newline' &&
      after === 'name'
    );
  });
  const end = { kind: 'end', place: start } as const;
  if (nestedAt < 0) {
    const object = parseObject(tokenCursor([...tokens.map(({ token }) => token), end]));
    return { object, nested: [] };
  }
  const closing = { kind: 'symbol', text: '}', place: start } as const;
  const own = [...tokens.slice(0, nestedAt).map(({ token }) => token), closing, end];
  const inner = tokenCursor([...tokens.slice(nestedAt, -1).map(({ token }) => token), end]);
  const parse: ParseNested = (parent) => {
    const found: Resource[] = [];
    while (inner.peek().kind !== 'end') {
      inner.expectName('resource');
      found.push(...parseResource(inner, [], parent));
      inner.skipNewlines();
    }
    return found;
  };
  return { object: parseObject(tokenCursor(own)), nested: [parse] };
}

/** Tokens from `{` to the `}` that belongs to it, each with how deep it is. */
function objectTokens(cursor: TokenCursor) {
  if (!cursor.isAt('{')) cursor.fail('"{" is expected');
  const found = [];
  let depth = 0;
  do {
    const token = cursor.next();
    if (token.kind === 'end') throw new BicepSyntaxError('an object does not end', token.place);
    if (token.kind === 'symbol' && /^[{[(]/.test(token.text)) depth += 1;
    found.push({ token, depth });
    if (token.kind === 'symbol' && /^[}\])]$/.test(token.text)) depth -= 1;
  } while (depth > 0);
  return found;
}

function declaredType(cursor: TokenCursor): DeclaredType {
  const { place } = cursor.peek();
  const word = cursor.expectName();
  const type = declaredTypes.find((each) => each === word);
  if (type === undefined) throw new BicepSyntaxError(`the type "${word}" is not used`, place);
  return type;
}

function literal(cursor: TokenCursor): string {
  const token = cursor.peek();
  const only = token.kind === 'string' && token.parts.length === 1 ? token.parts[0] : undefined;
  if (typeof only !== 'string') return cursor.fail('a string without "${" is expected');
  cursor.next();
  return only;
}
