/** The most characters an event id may have: thrice as many, escaped, still fit a row key beside a tag. */
export const maxEventIdLength = 100;

/**
 * The id under which an event is recorded: the event's own id, with every character that a table key or our key
 * separators reserve written as `=` and two hexadecimal digits a byte. Different event ids give different record ids.
 */
export function recordIdOf(eventId: string): string {
  return eventId.replace(/[^A-Za-z0-9._-]/gu, (character) => {
    const bytes = encodeURIComponent(character.toWellFormed());
    return bytes.startsWith('%')
      ? bytes.replaceAll('%', '=')
      : `=${bytes.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
