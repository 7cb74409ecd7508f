/**
 * The most characters a record id may have: with it, the longest key (beside a repository of 255) still fits the 512
 * that every implementation of Table Storage takes. The id of any event id of 100 ASCII characters is shorter.
 */
export const maxRecordIdLength = 240;

/** Characters up to which ids stay readable. */
const maxReadable = 120;

/**
 * The id under which an event is recorded: the event's own id, with every character that a table key or our key
 * separators reserve written as `=` and two hexadecimal digits a byte; when that gets long, `==` and all of it in
 * base64url instead. Different well-formed event ids give different record ids.
 */
export function recordIdOf(eventId: string): string {
  const readable = eventId.replace(/[^A-Za-z0-9._-]/gu, (character) =>
    [...bytesOf(character)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
  return readable.length <= maxReadable ? readable : `==${base64Url(bytesOf(eventId))}`;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function base64Url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
