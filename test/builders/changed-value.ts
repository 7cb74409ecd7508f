/** A copy of a value with another in the place that names lead to, such as `logs.0.keys`; `undefined` takes it away. */
export function changedValue(whole: unknown, path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(whole);
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = copy;
  for (const name of names) at = Reflect.get(Object(at), name);
  if (Array.isArray(at) && value === undefined) at.splice(Number(last), 1);
  else if (value === undefined) Reflect.deleteProperty(Object(at), last);
  else Reflect.set(Object(at), last, value);
  return copy;
}
