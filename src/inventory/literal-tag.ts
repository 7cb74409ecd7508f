/** A tag as text, empty where there is none, or why it cannot be known. */
export type LiteralTag =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** The largest whole number that every tool writes in digits: Helm writes larger ones as `1e+06`. */
const maxNumber = 999_999;

/**
 * A tag of a values file or a kustomization. A number is read where every tool writes it alike: of `1.10` the number is 1.1,
 * and what is deployed depends on the tool.
 */
export function literalTag(value: unknown): LiteralTag {
  if (value === undefined || value === null) return { ok: true, text: '' };
  if (typeof value === 'string') return { ok: true, text: value };
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxNumber) {
    return { ok: true, text: String(value) };
  }
  return { ok: false, problem: 'is no text: write a tag in quotes' };
}
