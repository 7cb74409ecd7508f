import { hash } from 'node:crypto';
import type { Hash } from './merkle-tree.ts';

/** A record by what makes it unique in a log. */
export interface RecordName {
  readonly repository: string;
  readonly recordId: string;
  /** Epoch milliseconds: an event that came again as of another time is another record. */
  readonly occurredAt: number;
}

/** Where the records of a log are, and what they are: some 40 bytes for each, so that a million fit anywhere. */
export interface RecordIndex {
  /** Takes in a record, or tells the index of another with its name. */
  add(name: RecordName, index: number, leaf: Hash): number | undefined;
  find(name: RecordName): number | undefined;
  /** Whether the entry at an index is a record that was taken in. */
  has(index: number): boolean;
  /** Whether the entry at an index has a leaf hash, by its first 128 bits. */
  isLeafAt(index: number, leaf: Hash): boolean;
  /** Records taken in. */
  count(): number;
}

const wordsOfKey = 4;
const leafBytes = 16;
const mostEntries = 2 ** 32 - 2;

/** An empty index. It is a hash table of fixed-size columns, since a million strings in a map are ten times as large. */
export function recordIndex(): RecordIndex {
  let slots = 1024;
  let keys = new Uint32Array(slots * wordsOfKey);
  // One more than the index; 0 where the slot is free.
  let places = new Uint32Array(slots);
  let leaves = Buffer.alloc(slots * leafBytes);
  let isRecord = new Uint8Array(slots);
  let records = 0;

  /** The slot of a key, or the free one where it belongs. */
  function slotOf(key: Uint32Array): number {
    let slot = (key[0] ?? 0) % slots;
    while (places[slot] !== 0 && !isKeyAt(slot, key)) slot = (slot + 1) % slots;
    return slot;
  }

  function isKeyAt(slot: number, key: Uint32Array): boolean {
    for (let word = 0; word < wordsOfKey; word += 1) {
      if (keys[slot * wordsOfKey + word] !== key[word]) return false;
    }
    return true;
  }

  function enlarge(): void {
    const [oldKeys, oldPlaces] = [keys, places];
    slots *= 2;
    keys = new Uint32Array(slots * wordsOfKey);
    places = new Uint32Array(slots);
    for (const [old, place] of oldPlaces.entries()) {
      if (place === 0) continue;
      const key = oldKeys.subarray(old * wordsOfKey, (old + 1) * wordsOfKey);
      const slot = slotOf(key);
      keys.set(key, slot * wordsOfKey);
      places[slot] = place;
    }
  }

  function reach(index: number): void {
    while (isRecord.length <= index) {
      leaves = Buffer.concat([leaves, Buffer.alloc(leaves.length)]);
      const longer = new Uint8Array(isRecord.length * 2);
      longer.set(isRecord);
      isRecord = longer;
    }
  }

  return {
    add(name, index, leaf) {
      if (index > mostEntries) throw new RangeError(`no room for an entry at ${index}`);
      if (records * 2 >= slots) enlarge();
      const key = keyOf(name);
      const slot = slotOf(key);
      const there = places[slot] ?? 0;
      if (there !== 0) return there - 1;
      keys.set(key, slot * wordsOfKey);
      places[slot] = index + 1;
      reach(index);
      leaves.set(leaf.subarray(0, leafBytes), index * leafBytes);
      isRecord[index] = 1;
      records += 1;
      return undefined;
    },
    find(name) {
      const place = places[slotOf(keyOf(name))] ?? 0;
      return place === 0 ? undefined : place - 1;
    },
    has: (index) => isRecord[index] === 1,
    isLeafAt: (index, leaf) =>
      isRecord[index] === 1 &&
      leaves
        .subarray(index * leafBytes, (index + 1) * leafBytes)
        .equals(Buffer.from(leaf.subarray(0, leafBytes))),
    count: () => records,
  };
}

/** 128 bits: two names with the same are not found, not even on purpose. */
function keyOf({ repository, recordId, occurredAt }: RecordName): Uint32Array {
  const digest = hash('sha256', `${repository}\n${recordId}\n${occurredAt}`, 'buffer');
  return Uint32Array.from({ length: wordsOfKey }, (_, word) => digest.readUInt32LE(word * 4));
}
