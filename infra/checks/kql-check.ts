import { aggregateFunctions, type KqlType, rowOfMaximum, scalarFunctions } from './kql-functions.ts';
import { type KqlColumn, type KqlExpression, type KqlStage, parseKql } from './kql-parsing.ts';

/** What queries are held to. */
export interface KqlFacts {
  /** Columns of each table. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, KqlType>>;
  /** The column of log lines, by its table. */
  readonly lineColumn: string;
  /** Log lines by their message: the fields that they have. */
  readonly lines: ReadonlyMap<string, ReadonlySet<string>>;
  /** Fields of log lines that have one of a few values. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** What came of checking a query. */
export interface KqlVerdict {
  readonly problems: readonly string[];
  /** Columns that it ends with, in order. */
  readonly columns: readonly string[];
  /** Messages of the lines that it asks for. */
  readonly messages: readonly string[];
}

/** A value as far as it is known: its type, and the field of a line that it was read from; `''` is the line itself. */
interface Known {
  readonly type: KqlType | undefined;
  readonly field?: string;
}

/** Checks a query that is of the subset; throws `KqlSyntaxError` when it is not. */
export function checkKql(text: string, facts: KqlFacts): KqlVerdict {
  const query = parseKql(text);
  const problems: string[] = [];
  const report = (line: number, problem: string) => void problems.push(`line ${line}: ${problem}`);
  const messages = new Set<string>();
  const fields: { readonly field: string; readonly line: number }[] = [];
  const table = facts.tables.get(query.table);
  if (table === undefined) {
    report(query.line, `there is no table ${query.table}`);
    return { problems, columns: [], messages: [] };
  }
  let columns = new Map<string, Known>([...table].map(([name, type]) => [name, { type }]));

  function of(expression: KqlExpression): Known {
    const { line } = expression;
    switch (expression.kind) {
      case 'string':
      case 'number':
      case 'timespan':
        return { type: expression.kind };
      case 'name': {
        const known = columns.get(expression.name);
        if (known === undefined) report(line, `there is no column ${expression.name}`);
        return known ?? { type: undefined };
      }
      case 'member': {
        const inner = of(expression.of);
        if (inner.type !== undefined && inner.type !== 'dynamic')
          report(line, `${expression.member} is asked of a ${inner.type}`);
        if (inner.field !== '') return { type: 'dynamic' };
        fields.push({ field: expression.member, line });
        return { type: 'dynamic', field: expression.member };
      }
      case 'call':
        return called(expression);
      case 'binary':
        return compared(expression);
      case 'among': {
        const left = of(expression.left);
        for (const item of expression.items) comparable(expression.operator, left, item, line);
        return { type: 'bool' };
      }
    }
  }

  function called(
    { name, args, line }: Extract<KqlExpression, { kind: 'call' }>,
    functions = scalarFunctions,
  ): Known {
    const known = functions.get(name);
    const given = args.map(of);
    if (known === undefined) {
      report(line, `there is no function ${name} here`);
      return { type: undefined };
    }
    if (given.length !== known.takes.length) {
      report(line, `${name} takes ${known.takes.length} arguments, and is given ${given.length}`);
    }
    for (const [index, wanted] of known.takes.entries()) {
      const type = given[index]?.type;
      if (type !== undefined && wanted !== 'any' && type !== wanted) {
        report(line, `${name} takes a ${wanted}, and is given a ${type}`);
      }
    }
    const isLine = name === 'parse_json' && args[0]?.kind === 'name' && args[0].name === facts.lineColumn;
    if (isLine) return { type: 'dynamic', field: '' };
    const first = given[0];
    const type = known.gives === 'first' ? first?.type : known.gives;
    return { type, ...(first?.field ? { field: first.field } : {}) };
  }

  function compared({ operator, left, right, line }: Extract<KqlExpression, { kind: 'binary' }>): Known {
    const one = of(left);
    if (operator === 'and' || operator === 'or') {
      for (const { type } of [one, of(right)]) {
        if (type !== undefined && type !== 'bool') report(line, `${operator} is given a ${type}`);
      }
      return { type: 'bool' };
    }
    comparable(operator, one, right, line);
    if (/^[-+*/]$/.test(operator)) return { type: one.type };
    return { type: 'bool' };
  }

  /** What a value is compared with has to be of its type, and one that there is. */
  function comparable(operator: string, left: Known, right: KqlExpression, line: number): void {
    const { type } = of(right);
    if (left.type === 'dynamic' || type === 'dynamic')
      report(line, `${operator} is given a dynamic value: say of which type`);
    else if (left.type !== undefined && type !== undefined && left.type !== type) {
      report(line, `${operator} is given a ${left.type} and a ${type}`);
    }
    if (right.kind !== 'string' || left.field === undefined) return;
    if (left.field === 'message') {
      messages.add(right.value);
      if (!facts.lines.has(right.value)) report(line, `no line has the message '${right.value}'`);
    }
    const values = facts.values.get(left.field);
    if (values !== undefined && !values.includes(right.value)) {
      report(line, `${left.field} is never '${right.value}'`);
    }
  }

  function nameOf({ name, value }: KqlColumn): string {
    if (name !== undefined) return name;
    if (value.kind === 'name') return value.name;
    if (value.kind === 'call' && value.name === 'bin' && value.args[0]?.kind === 'name')
      return value.args[0].name;
    report(value.line, 'a column has no name');
    return '';
  }

  function summarized({ columns: made, by }: Extract<KqlStage, { kind: 'summarize' }>): Map<string, Known> {
    const keys = by.map((column) => {
      const known = of(column.value);
      if (known.type === 'dynamic') report(column.value.line, 'rows are not told apart by a dynamic value');
      return [nameOf(column), known] as const;
    });
    const values = made.flatMap((column): (readonly [string, Known])[] => {
      const { value } = column;
      if (value.kind !== 'call') {
        report(value.line, 'summarize is given no aggregate');
        return [];
      }
      if (value.name === rowOfMaximum) {
        return value.args.map((each) => [nameOf({ value: each }), of(each)] as const);
      }
      return [[nameOf(column), called(value, aggregateFunctions)] as const];
    });
    return new Map([...keys, ...values]);
  }

  for (const stage of query.stages) {
    switch (stage.kind) {
      case 'where': {
        const { type } = of(stage.condition);
        if (type !== undefined && type !== 'bool') report(stage.line, `where is given a ${type}`);
        break;
      }
      case 'extend':
      case 'project': {
        const made = stage.columns.map((column) => [nameOf(column), of(column.value)] as const);
        columns = new Map([...(stage.kind === 'extend' ? columns : []), ...made]);
        break;
      }
      case 'summarize':
        columns = summarized(stage);
        break;
      case 'order':
        for (const each of stage.columns) of(each);
    }
  }

  // A line that is asked for by its message has the fields of that message alone.
  const asked = messages.size === 0 ? [...facts.lines.keys()] : [...messages];
  for (const { field, line } of fields) {
    if (!asked.some((message) => facts.lines.get(message)?.has(field) === true)) {
      report(line, `no line that is asked for has ${field}`);
    }
  }
  return { problems, columns: [...columns.keys()], messages: [...messages] };
}
