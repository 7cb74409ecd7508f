/** What a submitted body is written in. `yaml`: each document tells by its structure what it is. */
export const submissionFormats = [
  'references',
  'kubernetes',
  'compose',
  'kustomize',
  'helm',
  'yaml',
] as const;
export type SubmissionFormat = (typeof submissionFormats)[number];

const vendorType =
  /^application\/vnd\.acr-audit\.(references|kubernetes|compose|kustomize|helm)\+(?:json|yaml)$/;
const openTypes: Readonly<Record<string, SubmissionFormat>> = {
  'application/json': 'references',
  'text/plain': 'references',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
};

/**
 * The format of a body by its `Content-Type` and the format that was asked for, if any; `undefined` for a type or a format
 * that is not known, a charset other than UTF-8, and a vendor type that contradicts what was asked for.
 * Source of `application/yaml`: https://www.rfc-editor.org/rfc/rfc9512
 */
export function formatOf(contentType: string, asked: string | undefined): SubmissionFormat | undefined {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  if (parameters.some((parameter) => !isUtf8(parameter))) return undefined;
  const format = submissionFormats.find((known) => known === asked);
  if (asked !== undefined && format === undefined) return undefined;
  if (Object.hasOwn(openTypes, type)) return format ?? openTypes[type];
  const vendor = vendorType.exec(type)?.[1];
  const named = submissionFormats.find((known) => known === vendor);
  return format === undefined || format === named ? named : undefined;
}

/** Other parameters than the charset change nothing. */
function isUtf8(parameter: string): boolean {
  const charset = /^charset\s*=(.*)$/s.exec(parameter)?.[1]?.trim().replace(/^"|"$/g, '');
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
}
