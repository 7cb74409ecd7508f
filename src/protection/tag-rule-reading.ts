import { tagForm } from '../registry/form.ts';
import type { Pattern } from '../registry/pattern.ts';
import type { TagRule } from './policy.ts';
import type { StrictFields } from './strict-fields.ts';

/** The fields of a {@link TagRule} in a policy document. */
export const tagRuleFields = ['repositories', 'tags', 'matches', 'mustNotMatch'] as const;

const exampleCount = { min: 1, max: 50 };

/** A rule about tags of some repositories; its examples are tried. */
export function readTagRule(rule: StrictFields): TagRule | undefined {
  const repositories = rule.pattern('repositories');
  const tags = rule.pattern('tags');
  const examples = {
    matches: rule.list('matches', tagForm, exampleCount),
    mustNotMatch: rule.list('mustNotMatch', tagForm, exampleCount),
  };
  if (tags !== undefined) tryExamples(rule, tags, examples);
  return repositories && tags && { repositories, tags, ...examples };
}

/** A pattern that means something else than its author thinks is found when it is loaded, not when a tag has moved. */
function tryExamples(
  rule: StrictFields,
  tags: Pattern,
  examples: Pick<TagRule, 'matches' | 'mustNotMatch'>,
): void {
  for (const tag of examples.matches.filter((example) => !tags.matches(example))) {
    rule.problem(
      'matches',
      `lists "${tag}", which the whole of "tags" does not match: mend the pattern or the example`,
    );
  }
  for (const tag of examples.mustNotMatch.filter((example) => tags.matches(example))) {
    rule.problem('mustNotMatch', `lists "${tag}", which "tags" matches: mend the pattern or the example`);
  }
}
