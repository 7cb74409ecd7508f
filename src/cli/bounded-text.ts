/** Bytes of an answer at most: a page of a thousand items with all that may be told of each. */
const mostBytes = 64 * 1024 * 1024;

/** All bytes of an answer. Throws when they are more than any should have. */
export async function readBounded({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error('it is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
