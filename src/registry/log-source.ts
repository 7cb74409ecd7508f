/** Where a registry's diagnostic logs are: asked by the registry's own resource id, or in a Log Analytics workspace. */
export type LogSource =
  | { readonly loginServer: string; readonly resourceId: string }
  | { readonly loginServer: string; readonly workspaceId: string };
