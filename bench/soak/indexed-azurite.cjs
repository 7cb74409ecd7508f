// Loaded into Azurite before it starts (`--require`): has it keep the rows of a table by partition and row key, as Table Storage
// does. Azurite keeps them in lists of a document database that it goes through for every query, and moves for every row that is
// replaced, so that after a few minutes of a soak its time is all that is measured. What a query answers is as it was: its
// filter is applied by Azurite itself, to fewer rows. A filter in which "or" stands outside of parentheses is left to it whole.
// Rows are kept outside of the heap, as the text of their JSON: a collection of garbage, which comes with each 64 MiB of buffers
// whatever the heap may hold, does not go through them then. The templates of its routes, which it reads anew for every
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

/** Memory that is not the heap's. What is put there is known by its place, a number. */
class Outside {
  /** Bytes of one piece. */
  size = 64 * 1024 * 1024;
  pieces = [];
  /** Bytes that were ever taken, with what was too little at the end of a piece. */
  end = 0;
  /** Places that can be had again, by the bytes that there are: all is put down in a multiple of so many. */
  grain = 32;
  left = new Map();

  pieceOf = (place) => this.pieces[Math.floor(place / this.size)];
  begin = (place) => (place % this.size) + 4;
  length = (place) => this.pieceOf(place).readUInt32LE(place % this.size);
  room = (length) => Math.ceil((4 + length) / this.grain) * this.grain;

  put(bytes) {
    const room = this.room(bytes.length);
    const place = this.left.get(room)?.pop() ?? this.placeOf(room);
    const piece = this.pieceOf(place);
    piece.writeUInt32LE(bytes.length, place % this.size);
    bytes.copy(piece, this.begin(place));
    return place;
  }

  placeOf(room) {
    if (this.end + room > this.pieces.length * this.size) {
      this.end = this.pieces.length * this.size;
      this.pieces.push(Buffer.alloc(this.size));
    }
    this.end += room;
    return this.end - room;
  }

  leave(place) {
    const room = this.room(this.length(place));
    if (!this.left.get(room)?.push(place)) this.left.set(room, [place]);
  }

  read(place) {
    const begin = this.begin(place);
    return this.pieceOf(place).toString('utf8', begin, begin + this.length(place));
  }

  compare(place, bytes) {
    const begin = this.begin(place);
    return -bytes.compare(this.pieceOf(place), begin, begin + this.length(place));
  }

  compareBoth(place, other) {
    const begin = this.begin(other);
    return this.compare(place, this.pieceOf(other).subarray(begin, begin + this.length(other)));
  }
}

/** The rows of a table, in the order of their keys: what Azurite asks of a collection of rows. */
class Rows {
  outside = new Outside();
  /** The place of a row's text, by the place of its key. */
  texts = new BTree(undefined, (one, other) => {
    if (one === this.sought) return -this.outside.compare(other, this.soughtKey);
    if (other === this.sought) return this.outside.compare(one, this.soughtKey);
    return this.outside.compareBoth(one, other);
  });
  /** Stands for the place of the key that is looked for, which has none. */
  sought = -1;
  soughtKey = Buffer.alloc(0);

  /** Keys have no control characters in Table Storage: no key is between a partition's and the next's. */
  seek(partitionKey, rowKey) {
    this.soughtKey = Buffer.from(`${partitionKey}\0${rowKey}`);
    return this.sought;
  }

  read = (text) => JSON.parse(this.outside.read(text));

  findOne({ PartitionKey, RowKey }) {
    const text = this.texts.get(this.seek(PartitionKey, RowKey));
    return text === undefined ? null : this.read(text);
  }

  insert(row) {
    const sought = this.seek(row.PartitionKey, row.RowKey);
    const before = this.texts.get(sought);
    const text = this.outside.put(Buffer.from(JSON.stringify(row)));
    if (before === undefined) {
      this.texts.set(this.outside.put(this.soughtKey), text);
    } else {
      this.texts.changeIfPresent(sought, text);
      this.outside.leave(before);
    }
    return row;
  }

  update(row) {
    return this.insert(row);
  }

  remove({ PartitionKey, RowKey }) {
    const sought = this.seek(PartitionKey, RowKey);
    this.texts.editRange(sought, sought, true, (key, text) => {
      this.outside.leave(key);
      this.outside.leave(text);
      return { delete: true };
    });
  }

  *within({ partitionKey, least = '', most }) {
    for (const [, text] of this.texts.entries(this.seek(partitionKey ?? '', least))) {
      const row = this.read(text);
      const isAfter = row.PartitionKey !== partitionKey || (most !== undefined && row.RowKey > most);
      if (partitionKey !== undefined && isAfter) break;
      yield row;
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
