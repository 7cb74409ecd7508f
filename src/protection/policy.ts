import type { Privacy } from '../ledger/pseudonym.ts';
import type { Pattern } from '../registry/pattern.ts';
import type { RetentionPolicy } from '../retention/rule.ts';

/** Who may approve into an environment. With neither principals nor roles, whoever has the role to approve at all. */
export interface Approvers {
  /** Of a principal's id. Names are not asked: their holders may change them. */
  readonly principals: readonly Pattern[];
  /** Of the roles a principal holds. */
  readonly roles: readonly Pattern[];
  /** Whether who pushed a digest is refused, where it is known who did. */
  readonly distinctFromPusher: boolean;
}

/** Where releases are approved to run, and how long what was approved for it is kept. */
export interface Environment {
  readonly name: string;
  /** Milliseconds for which everything approved is kept. */
  readonly retainFor: number;
  /** How many releases that were good are kept, whatever their age. */
  readonly retainReleases: number;
  /** Whether the tag an approval names is locked along with the digest. */
  readonly lockTag: boolean;
  /** Milliseconds after an approval until which silence does not yet mean that the release is good. */
  readonly monitoringWindow: number;
  readonly approvers: Approvers;
}

/** What repositories' images may be approved for. */
export interface RepositoryRule {
  readonly repositories: Pattern;
  readonly environments: readonly string[];
}

/** Tags of some repositories, with the examples that were tried when the rule was read. */
export interface TagRule {
  readonly repositories: Pattern;
  readonly tags: Pattern;
  readonly matches: readonly string[];
  readonly mustNotMatch: readonly string[];
}

/** Tags whose digests are approved for an environment when they are pushed. */
export interface PushRule extends TagRule {
  readonly environment: string;
}

/** What is protected, for whom and for how long: policy as code, read by `readPolicy`. */
export interface Policy {
  /** Login servers whose images may be approved. */
  readonly registries: readonly Pattern[];
  readonly environments: readonly Environment[];
  readonly repositories: readonly RepositoryRule[];
  /** Tags that may never move once they were approved. */
  readonly immutableTags: readonly TagRule[];
  readonly protectAtPush: readonly PushRule[];
  /** What may go; absent: nothing may. */
  readonly retention?: RetentionPolicy;
  /** What is recorded by pseudonym alone; absent: nothing is. */
  readonly privacy?: Privacy;
}

/** Whether images of a registry (its login server) may be approved. */
export function isApprovedRegistry(policy: Policy, registry: string): boolean {
  return policy.registries.some((pattern) => pattern.matches(registry));
}

/** The environment of that name, or `undefined`. */
export function environmentNamed(policy: Policy, name: string): Environment | undefined {
  return policy.environments.find((environment) => environment.name === name);
}

/** Names of the environments that images of a repository may be approved for, in the policy's order. */
export function environmentsOf(policy: Policy, repository: string): readonly string[] {
  const rules = policy.repositories.filter(({ repositories }) => repositories.matches(repository));
  const named = new Set(rules.flatMap(({ environments }) => environments));
  return policy.environments.map(({ name }) => name).filter((name) => named.has(name));
}

/** Whether a tag may never move. */
export function isImmutableTag(policy: Policy, repository: string, tag: string): boolean {
  return policy.immutableTags.some((rule) => covers(rule, repository, tag));
}

/** Names of the environments that a pushed tag's digest is approved for at once, each once, in the policy's order. */
export function environmentsAtPush(policy: Policy, repository: string, tag: string): readonly string[] {
  const rules = policy.protectAtPush.filter((rule) => covers(rule, repository, tag));
  const named = new Set(rules.map(({ environment }) => environment));
  return policy.environments.map(({ name }) => name).filter((name) => named.has(name));
}

function covers(rule: TagRule, repository: string, tag: string): boolean {
  return rule.repositories.matches(repository) && rule.tags.matches(tag);
}
