const latest = 9_999_999_999_999;

/** The id of an approval: its time, inverted so that the newest sorts first, and something that tells it from others. */
export function approvalId(requestedAt: number, distinct: string): string {
  return `${String(latest - requestedAt).padStart(13, '0')}-${distinct}`;
}

/** The form of an approval's id. */
export const approvalIdForm = /^\d{13}-[0-9a-f]{12}$/;

/** Whether a text has the form of an approval's id. */
export function isApprovalId(text: string): boolean {
  return approvalIdForm.test(text);
}
