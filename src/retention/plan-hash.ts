import type { JsonContent, JsonValue } from '../history/statement.ts';
import { canonicalContent } from '../ledger/canonical-record.ts';
import type { TagRule } from '../protection/policy.ts';
import type { KeepReason } from './keep-reason.ts';
import type { PlanItem, RepositoryPlan } from './plan.ts';
import type { RetentionPolicy } from './rule.ts';

/** A hash that is made piece by piece; of no algorithm in particular. */
export interface Hashing {
  update(text: string): void;
  /** The hash of all pieces, once: nothing is added after it. */
  digest(): string;
}

/** The hash of a plan's content, made while the plan is, one repository at a time. */
export interface PlanHash {
  /** Adds what is decided of a repository; in the order of the repositories' names. */
  add(plan: RepositoryPlan): void;
  /** The hash of everything added, once. */
  digest(): string;
}

/** What a plan rests on. */
interface HashedInputs {
  readonly historyAt?: number;
  readonly sources: readonly {
    readonly source: string;
    readonly completeAt?: number;
    readonly condition: string;
  }[];
  readonly policyHash: string;
}

/** The version of the layout of what is hashed. */
const layout = 1;

/**
 * Begins the hash of a plan of a registry. The content is a line of RFC 8785 JSON for the inputs and the policy's rules, one
 * for each repository, one for each of its items in order: whoever has the plan can make the same. Two plans of one hash
 * would do the same, for the same reasons; when one was made, by whom, is no part of it.
 */
export function planHash(
  hashing: Hashing,
  begun: { readonly registry: string; readonly inputs: HashedInputs; readonly policy: RetentionPolicy },
): PlanHash {
  const add = (content: JsonContent) => hashing.update(`${canonicalContent(content)}\n`);
  const { registry, inputs, policy } = begun;
  add({ layout, registry, inputs: { ...inputs }, policy: policyContent(policy) });
  return {
    add({ registry: of, repository, counts, blocks, items }) {
      add({ registry: of, repository, counts, blocks, items: items.length });
      for (const item of items) add(itemContent(item));
    },
    digest: () => hashing.digest(),
  };
}

function itemContent({ reasons, ...item }: PlanItem): JsonContent {
  return { ...item, reasons: reasons.map(reasonContent) };
}

function reasonContent(reason: KeepReason): JsonContent {
  return { ...reason };
}

/** The rules as the policy document has them, durations in milliseconds. */
function policyContent(policy: RetentionPolicy): JsonContent {
  const { rules, keepTags, byPolicy, caps, ...others } = policy;
  return {
    ...others,
    caps: { ...caps },
    rules: rules.map(({ repositories, tags, ...rule }): JsonValue => {
      return { ...rule, repositories: repositories.text, ...(tags && { tags: tagRuleContent(tags) }) };
    }),
    keepTags: keepTags.map(tagRuleContent),
    byPolicy: byPolicy.map(({ text }) => text),
  };
}

function tagRuleContent({ repositories, tags, matches, mustNotMatch }: TagRule): JsonContent {
  return { repositories: repositories.text, tags: tags.text, matches, mustNotMatch };
}
