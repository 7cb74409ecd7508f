/** A message as text again, as far as its parsing lets it be known. */
export function messageText(message: unknown): string {
  if (typeof message === 'string') return message;
  try {
    return JSON.stringify(message) ?? 'undefined';
  } catch {
    // Parsing takes any depth, writing does not.
    return 'the message is nested too deeply to be kept';
  }
}
