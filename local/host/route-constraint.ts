/** Whether a decoded segment satisfies an inline constraint. */
export type RouteConstraint = (value: string) => boolean;

const guid = /^[{(]?[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}[)}]?$/i;

const constraints: Readonly<Record<string, (...limits: number[]) => RouteConstraint>> = {
  required: () => (value) => value !== '',
  alpha: () => (value) => /^[a-z]*$/i.test(value),
  bool: () => (value) => /^(true|false)$/i.test(value),
  guid: () => (value) => guid.test(value),
  int: () => (value) => isInteger(value) && BigInt.asIntN(32, BigInt(value)) === BigInt(value),
  long: () => (value) => isInteger(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value),
  decimal: () => isNumber,
  double: () => isNumber,
  float: () => isNumber,
  length:
    (least = 0, most = least) =>
    (value) =>
      value.length >= least && value.length <= most,
  minlength:
    (least = 0) =>
    (value) =>
      value.length >= least,
  maxlength:
    (most = 0) =>
    (value) =>
      value.length <= most,
  min:
    (least = 0) =>
    (value) =>
      isInteger(value) && Number(value) >= least,
  max:
    (most = 0) =>
    (value) =>
      isInteger(value) && Number(value) <= most,
  range:
    (least = 0, most = 0) =>
    (value) =>
      isInteger(value) && Number(value) >= least && Number(value) <= most,
};

/**
 * Reads one inline constraint such as `int`, `range(1,5)` or `regex(^v\d+$)`; `undefined` if it is unknown.
 *
 * @see https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-constraints
 */
export function parseRouteConstraint(text: string): RouteConstraint | undefined {
  const match = /^(\w+)(?:\((.*)\))?$/s.exec(text);
  if (match === null) return undefined;
  const [, name = '', parameters = ''] = match;
  if (name === 'regex') return regexConstraint(parameters);
  const create = Object.hasOwn(constraints, name) ? constraints[name] : undefined;
  const limits = parameters === '' ? [] : parameters.split(',').map(Number);
  return limits.some(Number.isNaN) ? undefined : create?.(...limits);
}

function regexConstraint(source: string): RouteConstraint | undefined {
  try {
    const pattern = new RegExp(source, 'i');
    return (value) => pattern.test(value);
  } catch {
    return undefined;
  }
}

function isInteger(value: string): boolean {
  return /^[+-]?\d+$/.test(value) && value.length <= 20 && !value.startsWith('+');
}

function isNumber(value: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);
}
