/** Bytes of an answer at most: a page of a thousand items with all that may be told of each. */
const mostBytes = 64 * 1024 * 1024;

/** The whole text of an answer. Throws when it is longer than any should be. */
export async function readBounded({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error('it is too long');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
