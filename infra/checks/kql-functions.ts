/** Types of columns that are told apart; `number` is any of KQL's. */
export type KqlType = 'string' | 'number' | 'bool' | 'datetime' | 'timespan' | 'dynamic';

interface KqlFunction {
  /** What each argument has to be; `any` where it does not matter. */
  readonly takes: readonly (KqlType | 'any')[];
  /** What it gives; `first` is what the first argument is. */
  readonly gives: KqlType | 'first';
}

/** Functions of one row: https://learn.microsoft.com/kusto/query/scalar-functions */
export const scalarFunctions: ReadonlyMap<string, KqlFunction> = new Map<string, KqlFunction>([
  ['ago', { takes: ['timespan'], gives: 'datetime' }],
  ['bin', { takes: ['any', 'any'], gives: 'first' }],
  ['isempty', { takes: ['string'], gives: 'bool' }],
  ['isnotempty', { takes: ['string'], gives: 'bool' }],
  ['isnull', { takes: ['any'], gives: 'bool' }],
  ['not', { takes: ['bool'], gives: 'bool' }],
  ['parse_json', { takes: ['string'], gives: 'dynamic' }],
  ['todouble', { takes: ['any'], gives: 'number' }],
  ['tolong', { takes: ['any'], gives: 'number' }],
  ['tostring', { takes: ['any'], gives: 'string' }],
]);

/** Functions of many rows: https://learn.microsoft.com/kusto/query/aggregation-functions */
export const aggregateFunctions: ReadonlyMap<string, KqlFunction> = new Map<string, KqlFunction>([
  ['count', { takes: [], gives: 'number' }],
  ['countif', { takes: ['bool'], gives: 'number' }],
  ['max', { takes: ['any'], gives: 'first' }],
  ['min', { takes: ['any'], gives: 'first' }],
  ['percentile', { takes: ['number', 'number'], gives: 'number' }],
  ['sum', { takes: ['number'], gives: 'number' }],
]);

/** The aggregate that gives a row's columns instead of one value. */
export const rowOfMaximum = 'arg_max';
