/**
 * What a tag or manifest allows: ACR's changeable attributes. A tag and its manifest have separate ones.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-image-lock
 */
export interface LockState {
  readonly canDelete: boolean;
  readonly canWrite: boolean;
  readonly canRead: boolean;
  readonly canList: boolean;
}

/** What everything allows until somebody locks it. */
export const unlocked: LockState = { canDelete: true, canWrite: true, canRead: true, canList: true };

/** Whether two allow the same. */
export function allowsTheSame(a: LockState, b: LockState): boolean {
  return (
    a.canDelete === b.canDelete &&
    a.canWrite === b.canWrite &&
    a.canRead === b.canRead &&
    a.canList === b.canList
  );
}
