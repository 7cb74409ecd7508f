/** Characters of an input that are shown at most. */
const mostShown = 2 * 1_048_576;
const headerLength = 2;

/** Memory in which a worker shows what it is trying. */
export function shownMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(headerLength * 4 + mostShown * 2);
}

/** Shows inputs: a count, the length, and the characters. */
export function writeShown(shared: SharedArrayBuffer): (input: string) => void {
  const header = new Int32Array(shared, 0, headerLength);
  const characters = new Uint16Array(shared, headerLength * 4);
  return (input) => {
    const length = Math.min(input.length, mostShown);
    for (let at = 0; at < length; at += 1) characters[at] = input.charCodeAt(at);
    Atomics.store(header, 1, length);
    Atomics.add(header, 0, 1);
  };
}

/** How many inputs were shown so far, and the one that is being tried. */
export function readShown(shared: SharedArrayBuffer): { readonly count: number; input(): string } {
  const header = new Int32Array(shared, 0, headerLength);
  return {
    count: Atomics.load(header, 0),
    input() {
      const characters = new Uint16Array(shared, headerLength * 4, Atomics.load(header, 1));
      let text = '';
      for (let at = 0; at < characters.length; at += 8_192) {
        text += String.fromCharCode(...characters.subarray(at, at + 8_192));
      }
      return text;
    },
  };
}
