import { Composer, type CST, Lexer, LineCounter, Parser } from 'yaml';
import { cleanFreeText } from '../registry/free-text.ts';
import type { ReadingProblem } from '../workloads/claim.ts';
import type { TextDocument, TextReading } from './submitted-text.ts';
import { maxDepth, TextRefusal, type ValueBudget, yamlValue } from './submitted-yaml-value.ts';

/** The most documents in one stream. */
const maxDocuments = 5_000;
/** The most lexical tokens: ordinary texts of the greatest length have two thirds as many. */
const maxTokens = 2_500_000;
const maxValues = 2_000_000;
/** Past this many, the rest of the stream is left unread. */
const maxProblems = 100;

/**
 * The documents of a YAML 1.2 stream by the core schema, with merge keys. A document with an error is left out; so is the rest
 * of a stream with more than the bounds allow. Every problem names its line and column. Never throws.
 * Source: https://yaml.org/spec/1.2.2/
 */
export function readYaml(text: string): TextReading {
  const lines = new LineCounter();
  const documents: TextDocument[] = [];
  const problems: ReadingProblem[] = [];
  const budget = { left: maxValues };
  let count = 0;

  function problem(offset: number, message: string): void {
    const { line, col } = lines.linePos(offset);
    problems.push({ where: `line ${line}, column ${col}`, problem: cleanFreeText(message, 200).text });
  }

  let composer = composerTo(problem);
  let openDirective: number | undefined;
  try {
    for (const token of tokensOf(text, lines)) {
      if (problems.length >= maxProblems)
        throw new TextRefusal(token.offset, 'is where reading ends: too many problems');
      if (token.type === 'error') {
        problem(token.offset, token.message);
      } else if (token.type === 'directive') {
        openDirective = token.offset;
        attempt(() => Array.from(composer.next(token)), problem);
      } else if (token.type === 'document') {
        count += 1;
        if (count > maxDocuments)
          throw new TextRefusal(token.offset, `is document ${count}: expected at most ${maxDocuments}`);
        const value = attempt(() => documentValue(composer, token, budget), problem);
        if (value !== undefined && value !== null) documents.push({ number: count, value });
        // Directives are for one document, and so are a composer's errors.
        composer = composerTo(problem);
        openDirective = undefined;
      }
    }
    if (openDirective !== undefined) problem(openDirective, 'is a directive without a document');
  } catch (error) {
    if (!(error instanceof TextRefusal)) throw error;
    problem(error.offset, error.message);
  }
  return { documents, problems, isStream: count > 1 };
}

/** Lexical tokens are counted, since a text of nothing but brackets would need a hundred times the memory of an ordinary one. */
function* tokensOf(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > maxTokens)
      throw new TextRefusal(parser.offset, `is too much: expected at most ${maxTokens} tokens`);
    yield* parser.next(lexeme);
  }
  yield* parser.end();
}

function documentValue(composer: Composer, token: CST.Document, budget: ValueBudget): unknown {
  const [document] = [...composer.next(token), ...composer.end()];
  const [error] = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  if (error !== undefined) throw new TextRefusal(error.pos[0], error.message);
  return document === undefined ? undefined : yamlValue(document.contents, budget);
}

/**
 * A composer that ends a document at its first error. The library gathers them all as `Error` with their stacks: a text of
 * 4 MiB can have millions. Warnings, as of a tag that nobody knows, are told and read over.
 */
function composerTo(problem: (offset: number, message: string) => void): Composer {
  const composer = new Composer({
    schema: 'core',
    stringKeys: true,
    resolveKnownTags: false,
    // Looks through all earlier keys for each; yamlValue finds them by name.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  let first: TextRefusal | undefined;
  let warnings = 0;
  // The library has no hook for it. Were this one renamed, errors would be in the document, and only take longer.
  Reflect.set(composer, 'onError', (source: unknown, code: unknown, message: unknown, isWarning: unknown) => {
    const offset = offsetOf(source);
    if (isWarning === true && warnings < maxProblems) {
      warnings += 1;
      problem(offset, String(message));
      return;
    }
    // The composer catches what is thrown inside a collection, to report it again for each one around it.
    first ??= new TextRefusal(
      offset,
      code === 'RESOURCE_EXHAUSTION' ? `is nested more than ${maxDepth} deep` : String(message),
    );
    throw first;
  });
  return composer;
}

function offsetOf(source: unknown): number {
  if (typeof source === 'number') return source;
  if (Array.isArray(source)) return offsetOf(source[0]);
  return typeof source === 'object' && source !== null && 'offset' in source ? offsetOf(source.offset) : 0;
}

function attempt<T>(read: () => T, problem: (offset: number, message: string) => void): T | undefined {
  try {
    return read();
  } catch (error) {
    // A stack that is full is the text's doing, wherever the library happens to be then.
    if (error instanceof RangeError) problem(0, `is nested more than ${maxDepth} deep`);
    else if (error instanceof TextRefusal) problem(error.offset, error.message);
    else throw error;
    return undefined;
  }
}
