// Loaded into Azurite before it starts (`--require`): has it keep the rows of a table by partition and row key, as Table Storage
// does. Azurite keeps them in lists of a document database that it goes through for every query, and moves for every row that is
// replaced, so that after a few minutes of a soak its time is all that is measured. What a query answers is as it was: its
// filter is applied by Azurite itself, to fewer rows. A filter in which "or" stands outside of parentheses is left to it whole.
// A row is kept as the text of its JSON: a collection of garbage, which comes with each 64 MiB of buffers whatever the heap may
// hold, goes through one text then, not through each of its values. The templates of its routes, which it reads anew for every
// request, are read once, and its errors do not say where they were made.
const { join } = require('node:path');
const BTree = require('sorted-btree').default;

const azurite = join(__dirname, '../../node_modules/azurite');
const Loki = require(require.resolve('lokijs', { paths: [azurite] }));
const store = require(join(azurite, 'dist/src/table/persistence/LokiTableMetadataStore.js')).default;

Error.stackTraceLimit = 0;
const templates = require.resolve('uri-templates', { paths: [azurite] });
const readTemplate = require(templates);
const readTemplates = new Map();
require.cache[templates].exports = (template) => {
  const read = readTemplates.get(template) ?? readTemplate(template);
  readTemplates.set(template, read);
  return read;
};

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

/** A text of its own: one that was cut out of a request keeps all of the request in memory. */
const copyOf = (text) => JSON.parse(JSON.stringify(text));

/** The rows of a table, in the order of their keys: what Azurite asks of a collection of rows. */
class Rows {
  partitions = new Map();

  findOne({ PartitionKey, RowKey }) {
    const text = this.partitions.get(PartitionKey)?.get(RowKey);
    return text === undefined ? null : JSON.parse(text);
  }

  insert(row) {
    const { PartitionKey, RowKey } = row;
    let known = this.partitions.get(PartitionKey);
    if (known === undefined) {
      known = new BTree();
      this.partitions.set(copyOf(PartitionKey), known);
    }
    known.set(copyOf(RowKey), JSON.stringify(row));
    return row;
  }

  update(row) {
    return this.insert(row);
  }

  remove({ PartitionKey, RowKey }) {
    const known = this.partitions.get(PartitionKey);
    if (known?.delete(RowKey) && known.isEmpty) this.partitions.delete(PartitionKey);
  }

  *within({ partitionKey, least = '', most }) {
    const names = partitionKey === undefined ? [...this.partitions.keys()].sort() : [partitionKey];
    for (const name of names) {
      for (const [key, text] of this.partitions.get(name)?.entries(least) ?? []) {
        if (most !== undefined && key > most) break;
        yield JSON.parse(text);
      }
    }
  }

  /** What Azurite does with the rows of a query; they come sorted, and no more are looked at than are wanted. */
  chain(range = {}) {
    const conditions = [];
    let wanted = Number.POSITIVE_INFINITY;
    const rows = this;
    return {
      where(condition) {
        conditions.push(condition);
        return this;
      },
      sort() {
        return this;
      },
      limit(count) {
        wanted = count;
        return this;
      },
      data() {
        const found = [];
        for (const row of rows.within(range)) {
          if (found.length >= wanted) break;
          if (conditions.every((condition) => condition(row))) found.push(row);
        }
        return found;
      },
    };
  }
}

const isOfRows = (options) =>
  options?.indices?.includes('PartitionKey') && options.indices.includes('RowKey');
const { addCollection, getCollection, removeCollection } = Loki.prototype;

Loki.prototype.addCollection = function (name, options) {
  if (!isOfRows(options)) return addCollection.call(this, name, options);
  this.rowsOfTables ??= new Map();
  this.rowsOfTables.set(name, new Rows());
  return this.rowsOfTables.get(name);
};
Loki.prototype.getCollection = function (name) {
  return this.rowsOfTables?.get(name) ?? getCollection.call(this, name);
};
Loki.prototype.removeCollection = function (name) {
  if (!this.rowsOfTables?.delete(name)) removeCollection.call(this, name);
};

const query = store.prototype.queryTableEntities;

store.prototype.queryTableEntities = function (context, account, table, options, nextPartition, nextRow) {
  const conditions = typeof options.filter === 'string' ? conditionsOf(options.filter) : [];
  const partitionKey = keyIn(conditions, partition);
  const [least, most] = [keyIn(conditions, from) ?? '', keyIn(conditions, before)];
  const goesOn = partitionKey !== undefined && this.decodeContinuationHeader(nextPartition) === partitionKey;
  const next = goesOn ? (this.decodeContinuationHeader(nextRow) ?? '') : '';
  const narrowed = Object.create(this);
  narrowed.getEntityCollection = (...of) => {
    const rows = this.getEntityCollection(...of);
    return { chain: () => rows.chain({ partitionKey, least: [next, least].sort()[1], most }) };
  };
  return query.call(narrowed, context, account, table, options, nextPartition, nextRow);
};
