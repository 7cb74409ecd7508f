/**
 * The most characters in a repository's name. The OCI specification sets no limit of its own; 255 is what
 * https://github.com/distribution/reference enforces and what clients assume.
 */
export const maxRepositoryNameLength = 255;

/** The most characters in a tag: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. */
export const maxTagLength = 128;

const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryGrammar = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const tagGrammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/**
 * Whether the text is a repository's name inside its registry, such as `team/app`: the `<name>` of
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests, at most
 * {@link maxRepositoryNameLength} characters.
 */
export function isRepositoryName(text: string): boolean {
  return text.length <= maxRepositoryNameLength && repositoryGrammar.test(text);
}

/**
 * Whether the text is a tag: the `<reference>` as a tag of
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests.
 */
export function isTag(text: string): boolean {
  return tagGrammar.test(text);
}
