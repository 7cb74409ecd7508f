import { parseRouteConstraint, type RouteConstraint } from './route-constraint.ts';

/** A route template, ready to match. */
export interface Route {
  readonly template: string;
  /** Compares as text: of two routes that match a path, the smaller one is the more specific. */
  readonly precedence: string;
  /** Parameters of a decoded path (no leading slash), or `undefined` if it does not match. */
  match(path: string): Readonly<Record<string, string>> | undefined;
}

interface Parameter {
  readonly name: string;
  readonly constraints: readonly RouteConstraint[];
}

interface Segment {
  readonly pattern: RegExp;
  readonly parameters: readonly Parameter[];
  readonly kind: 'literal' | 'parameter' | 'catch-all';
  /** Whether it is more than one parameter. */
  readonly mixed: boolean;
  readonly optional: boolean;
}

/**
 * Compiles a route template of ASP.NET Core, which is what `route` of an HTTP trigger is: literals without regard
 * to case, `{name}`, `{name?}`, `{name:constraint}`, mixed segments and a final `{*rest}`. Written here because
 * routers for Node.js rank and decode differently, and this host has to fail where Azure would.
 *
 * @returns the route, or what is wrong with the template.
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
 */
export function compileRoute(template: string): Route | string {
  const texts = template.split('/').filter((text) => text !== '');
  const segments: Segment[] = [];
  for (const text of texts) {
    const last = segments.at(-1);
    if (last?.kind === 'catch-all' || last?.optional)
      return `"${template}": an optional or {*rest} part must be last`;
    const segment = compileSegment(text);
    if (typeof segment === 'string') return `"${template}": ${segment}`;
    segments.push(segment);
  }
  const names = segments.flatMap(({ parameters }) => parameters.map(({ name }) => name.toLowerCase()));
  if (new Set(names).size < names.length) return `"${template}": a parameter occurs twice`;
  const precedence = segments.map(precedenceOf).join('');
  return { template, precedence, match: (path: string) => matchSegments(segments, path) };
}

const onlyParameter = '([^]+)';
const placeholder = /\{(\*{0,2})([a-z_]\w*)((?::[^{}]+)?)\}/gi;

function compileSegment(text: string): Segment | string {
  const optional = text.endsWith('?}');
  const template = optional ? `${text.slice(0, -2)}}` : text;
  const parameters: Parameter[] = [];
  let source = '';
  let end = 0;
  let literals = '';
  let catchAll = false;
  for (const match of template.matchAll(placeholder)) {
    const [whole, stars = '', name = '', inline = ''] = match;
    const constraints = parseConstraints(inline);
    if (typeof constraints === 'string') return constraints;
    const literal = template.slice(end, match.index);
    literals += literal;
    source += `${escapeLiteral(literal)}([^]+)`;
    parameters.push({ name, constraints });
    end = match.index + whole.length;
    catchAll ||= stars !== '';
  }
  literals += template.slice(end);
  source += escapeLiteral(template.slice(end));
  if (/[{}?*]/.test(literals)) return `the segment "${text}" cannot be read`;
  if ((catchAll || optional) && source !== onlyParameter) {
    return `the segment "${text}" mixes text with an optional or {*rest} part`;
  }
  const kind = catchAll ? 'catch-all' : parameters.length > 0 ? 'parameter' : 'literal';
  return {
    pattern: new RegExp(`^${source}$`, 'i'),
    parameters,
    kind,
    mixed: source !== onlyParameter,
    optional,
  };
}

function parseConstraints(inline: string): readonly RouteConstraint[] | string {
  const constraints: RouteConstraint[] = [];
  // A colon inside parentheses belongs to a regular expression.
  for (const text of inline === '' ? [] : inline.slice(1).split(/:(?![^(]*\))/)) {
    const constraint = parseRouteConstraint(text);
    if (constraint === undefined) return `the constraint "${text}" is not supported`;
    constraints.push(constraint);
  }
  return constraints;
}

function matchSegments(segments: readonly Segment[], path: string): Record<string, string> | undefined {
  // One slash at the end is forgiven; an empty part in the middle matches nothing.
  const parts = path.replace(/\/$/, '').split('/');
  if (parts.length === 1 && parts[0] === '') parts.pop();
  const values: Record<string, string> = Object.create(null);
  for (const [index, segment] of segments.entries()) {
    const text = segment.kind === 'catch-all' ? parts.slice(index).join('/') : parts[index];
    if (text === undefined || (text === '' && segment.kind === 'catch-all')) {
      if (segment.optional || segment.kind === 'catch-all') continue;
      return undefined;
    }
    const match = segment.pattern.exec(text);
    if (match === null) return undefined;
    for (const [position, { name, constraints }] of segment.parameters.entries()) {
      const value = match[position + 1] ?? '';
      if (!constraints.every((holds) => holds(value))) return undefined;
      values[name] = value;
    }
  }
  const open = segments.at(-1)?.kind === 'catch-all';
  return open || parts.length <= segments.length ? values : undefined;
}

// Literal before mixed before constrained before free before catch-all, segment by segment, as RoutePrecedence of
// ASP.NET Core counts; a shorter template ranks first.
function precedenceOf({ kind, parameters, mixed }: Segment): string {
  if (kind === 'literal') return '1';
  const constrained = parameters.some(({ constraints }) => constraints.length > 0);
  if (kind === 'catch-all') return constrained ? '4' : '5';
  return mixed || constrained ? '2' : '3';
}

function escapeLiteral(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
