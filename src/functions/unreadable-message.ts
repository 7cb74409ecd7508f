/**
 * Thrown at a message that does not have the form of its queue, so that it comes back: while a new version is rolled out, its
 * instances may read what ours cannot. What nobody reads is moved to the queue's poison queue by the host, and is kept.
 */
export class UnreadableMessageError extends Error {
  constructor(expected: string) {
    super(`The message is not ${expected}, as far as this version knows.`);
    this.name = 'UnreadableMessageError';
  }
}
