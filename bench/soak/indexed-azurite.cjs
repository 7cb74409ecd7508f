// Loaded into Azurite before it starts (`--require`): has a query look at the rows of its partition, or of its range of row
// keys, instead of every row of the table. Table Storage finds rows by their keys; Azurite goes through them all, so that
// after a few minutes of a soak its time is all that is measured. What a query answers is as it was: the filter is applied
// by Azurite itself, to fewer rows. A filter in which "or" stands outside of parentheses is left to it whole.
const store = require('azurite/dist/src/table/persistence/LokiTableMetadataStore.js').default;

const literal = "'((?:[^']|'')*)'";
const partition = new RegExp(`^PartitionKey eq ${literal}$`);
const from = new RegExp(`^RowKey g[et] ${literal}$`);
const before = new RegExp(`^RowKey l[et] ${literal}$`);

/** The conditions that all have to hold, or none when that is not certain. */
function conditionsOf(filter) {
  const bare = filter.replace(/'(?:[^']|'')*'/g, (text) => 'x'.repeat(text.length));
  const conditions = [];
  let depth = 0;
  let begin = 0;
  for (let at = 0; at <= bare.length; at += 1) {
    if (bare[at] === '(') depth += 1;
    if (bare[at] === ')') depth -= 1;
    if (depth === 0 && bare.startsWith(' or ', at)) return [];
    if (at === bare.length || (depth === 0 && bare.startsWith(' and ', at))) {
      conditions.push(filter.slice(begin, at).trim());
      begin = at + ' and '.length;
    }
  }
  return conditions;
}

function keyIn(conditions, form) {
  for (const condition of conditions) {
    const value = form.exec(condition)?.[1];
    if (value !== undefined) return value.replaceAll("''", "'");
  }
  return undefined;
}

/** What narrows a query: by its partition, and by its range of row keys where it has both ends. */
function narrowingOf(filter) {
  const conditions = conditionsOf(filter);
  const partitionKey = keyIn(conditions, partition);
  const [least, most] = [keyIn(conditions, from), keyIn(conditions, before)];
  return {
    ...(partitionKey === undefined ? {} : { PartitionKey: { $eq: partitionKey } }),
    ...(least === undefined || most === undefined ? {} : { RowKey: { $between: [least, most] } }),
  };
}

/** The rows that satisfy the narrower of the conditions, by the index of its column. */
function candidates(collection, narrowing) {
  const sizes = Object.entries(narrowing).map(([column, condition]) => {
    const [[operation, value]] = Object.entries(condition);
    const [first, last] = collection.calculateRange(operation, column, value);
    return { column, condition, size: last - first };
  });
  const [narrowest] = sizes.sort((a, b) => a.size - b.size);
  const all = collection.chain();
  return narrowest === undefined ? all : all.find({ [narrowest.column]: narrowest.condition });
}

const query = store.prototype.queryTableEntities;

store.prototype.queryTableEntities = function (context, account, table, options, ...next) {
  const narrowing = typeof options.filter === 'string' ? narrowingOf(options.filter) : {};
  const narrowed = Object.create(this);
  narrowed.getEntityCollection = (...of) => {
    const collection = this.getEntityCollection(...of);
    return { chain: () => candidates(collection, narrowing) };
  };
  return query.call(narrowed, context, account, table, options, ...next);
};
