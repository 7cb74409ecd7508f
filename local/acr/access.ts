/** What a request needs, or a token grants: actions on one repository (`*`: all) or on the registry's catalog. */
export interface Access {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * What an identity may do. `*` is every action; `catalog` and `deleted_catalog` stand for
 * `registry:catalog:*` and `registry:deleted_catalog:*`, the rest are repository actions: `pull`, `push`,
 * `delete`, `metadata_read`, `metadata_write`, `deleted_read`, `deleted_restore`.
 */
export interface Permissions {
  readonly actions: readonly string[];
  /** The repositories the actions are limited to; all when absent. */
  readonly repositories?: readonly string[];
}

const maxScopes = 100;
const scopeGrammar = /^(repository|registry):([^\s:"]{1,255}):([a-z_*]+(?:,[a-z_*]+)*)$/;

/** Reads the `scope` parameters of a token request: each may hold several scopes. Unreadable ones grant nothing. */
export function parseScopes(texts: readonly string[]): readonly Access[] {
  const scopes = texts.flatMap((text) => text.split(' ')).slice(0, maxScopes);
  return scopes.flatMap((scope) => {
    const [, type, name, actions] = scopeGrammar.exec(scope) ?? [];
    if ((type !== 'repository' && type !== 'registry') || name === undefined || actions === undefined) {
      return [];
    }
    return [{ type, name, actions: actions.split(',') }];
  });
}

/** The scope as a challenge writes it, such as `repository:team/app:pull,push`. */
export function scopeText({ type, name, actions }: Access): string {
  return `${type}:${name}:${actions.join(',')}`;
}

function permitted(permissions: Permissions, type: Access['type'], name: string, action: string): boolean {
  const all = permissions.actions.includes('*');
  if (type === 'registry') {
    return all || permissions.actions.includes(name);
  }
  const named = permissions.repositories === undefined || permissions.repositories.includes(name);
  return named && (all || permissions.actions.includes(action));
}

/** The part of the requested access that the permissions allow. */
export function grantedAccess(requested: readonly Access[], permissions: Permissions): readonly Access[] {
  return requested.flatMap(({ type, name, actions }) => {
    // `*` asks for whatever the identity has.
    const asked =
      type === 'repository' && actions.includes('*') && !permissions.actions.includes('*')
        ? permissions.actions
        : actions;
    const granted = asked.filter((action) => permitted(permissions, type, name, action));
    return granted.length === 0 ? [] : [{ type, name, actions: granted }];
  });
}

/** Whether the grants include every action that is needed. */
export function covers(grants: readonly Access[], needed: Access): boolean {
  return needed.actions.every((action) =>
    grants.some(
      ({ type, name, actions }) =>
        type === needed.type &&
        (name === needed.name || name === '*') &&
        (actions.includes(action) || actions.includes('*')),
    ),
  );
}

/** Whether the identity itself has every action that is needed, as on a Basic request. */
export function permits(permissions: Permissions, needed: Access): boolean {
  return needed.actions.every((action) => permitted(permissions, needed.type, needed.name, action));
}
