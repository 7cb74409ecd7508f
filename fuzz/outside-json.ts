/** The value of a JSON text; `undefined` where it is none, as every edge tells before a reader sees anything. */
export function jsonOf(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Characters that no text from outside may keep: what forges lines, breaks encoders, or reorders what is read. */
const unsafe = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;

/** Whether every text in a value is free of what should not be in it. */
export function isClean(value: unknown): boolean {
  if (typeof value === 'string') return !unsafe.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isClean);
}

/** Fields that have problems, without their indexes: how answers to JSON are told apart. */
export function fieldsIn(problems: readonly { readonly field: string }[]): string {
  return [...new Set(problems.map(({ field }) => field.slice(0, 60)))].slice(0, 4).join();
}
