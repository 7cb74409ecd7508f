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
