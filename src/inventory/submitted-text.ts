import type { ReadingProblem } from '../workloads/claim.ts';
import { readJson } from './submitted-json.ts';
import { readYaml } from './submitted-yaml.ts';

/** One document of a body. */
export interface TextDocument {
  /** Its place among them, from 1; empty documents count. */
  readonly number: number;
  /** Never `null`. */
  readonly value: unknown;
}

export interface TextReading {
  readonly documents: readonly TextDocument[];
  readonly problems: readonly ReadingProblem[];
  /** Whether there are several documents, so that a problem has to say which. */
  readonly isStream: boolean;
}

/** The longest texts that are read, in UTF-16 code units. */
export interface TextLimits {
  readonly maxJsonLength?: number;
  readonly maxYamlLength?: number;
}

/**
 * The documents of a JSON or YAML text, whatever it was called: what begins with a bracket and is no JSON is read as YAML, so
 * that an error has its line. Never throws.
 */
export function readText(
  text: string,
  { maxJsonLength = 8 * 1024 * 1024, maxYamlLength = 4 * 1024 * 1024 }: TextLimits = {},
): TextReading {
  const isBracketed = /^[\s\uFEFF]*[{[]/.test(text);
  const limit = isBracketed ? Math.max(maxJsonLength, maxYamlLength) : maxYamlLength;
  if (text.length > limit) return tooLong(limit);
  const json = isBracketed && text.length <= maxJsonLength ? readJson(withoutMark(text)) : undefined;
  if (json !== undefined) return json;
  return text.length > maxYamlLength ? tooLong(maxYamlLength, 'is no JSON, and as YAML ') : readYaml(text);
}

/** The text without a byte order mark, which is no JSON. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function tooLong(limit: number, before = ''): TextReading {
  return {
    documents: [],
    problems: [{ where: 'the body', problem: `${before}is longer than ${limit} characters` }],
    isStream: false,
  };
}
