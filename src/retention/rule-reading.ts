import { parseDuration } from '../protection/duration.ts';
import { durationBetween, type StrictFields, wholeNumber } from '../protection/strict-fields.ts';
import { readTagRule, tagRuleFields } from '../protection/tag-rule-reading.ts';
import type { RetentionCaps, RetentionPolicy, RetentionRule } from './rule.ts';

/** The fields of the policy's section about what may go. */
export const retentionFields = [
  'rules',
  'keepTags',
  'grace',
  'planAge',
  'caps',
  'mostSurprises',
  'byPolicy',
] as const;

const ruleFields = [...tagRuleFields, 'keepNewest', 'keepYounger', 'untaggedOlderThan'] as const;
const capsFields = ['percent', 'perRepository', 'whole'] as const;

// An age that overflowed once deleted everything: https://github.com/Azure/acr-cli/issues/83
const ageForm = durationBetween('PT1H', 'P3650D');
const graceForm = durationBetween('P1D', 'P3650D');
const planAgeForm = durationBetween('PT1H', 'P7D');
const keepNewestForm = wholeNumber(1, 1_000);
const percentForm = wholeNumber(1, 100);
const countForm = wholeNumber(1, 1_000_000);
const surprisesForm = wholeNumber(0, 1_000);

const defaults = {
  grace: parseDuration('P14D') ?? 0,
  planAge: parseDuration('PT24H') ?? 0,
  mostSurprises: 5,
  caps: { percent: 20, perRepository: 500, whole: 5_000 },
};

/** Reads the policy's section about what may go; problems are reported to the document's own. */
export function readRetention(fields: StrictFields): RetentionPolicy {
  return {
    rules: fields.objects('rules', ruleFields, { min: 1, max: 200 }).flatMap((rule) => readRule(rule) ?? []),
    keepTags: fields
      .objects('keepTags', tagRuleFields, { min: 0, max: 200 })
      .flatMap((rule) => readTagRule(rule) ?? []),
    grace: fields.optional('grace', graceForm) ?? defaults.grace,
    caps: readCaps(fields),
    mostSurprises: fields.optional('mostSurprises', surprisesForm) ?? defaults.mostSurprises,
    planAge: fields.optional('planAge', planAgeForm) ?? defaults.planAge,
    byPolicy: fields.patterns('byPolicy', { min: 0, max: 200 }),
  };
}

function readRule(rule: StrictFields): RetentionRule | undefined {
  const ofTags = rule.has('tags');
  const keepNewest = rule.optional('keepNewest', keepNewestForm);
  const keepYounger = rule.optional('keepYounger', ageForm);
  const untaggedOlderThan = rule.optional('untaggedOlderThan', ageForm);
  checkSaying(rule, ofTags);
  const tags = ofTags ? readTagRule(rule) : undefined;
  const repositories = tags?.repositories ?? (ofTags ? undefined : rule.pattern('repositories'));
  return (
    repositories && {
      repositories,
      ...(tags === undefined ? {} : { tags }),
      ...(keepNewest === undefined ? {} : { keepNewest }),
      ...(keepYounger === undefined ? {} : { keepYounger }),
      ...(untaggedOlderThan === undefined ? {} : { untaggedOlderThan }),
    }
  );
}

/** A rule that says nothing would let everything go that it is about: what it keeps has to be said. */
function checkSaying(rule: StrictFields, ofTags: boolean): void {
  const keepsTags = rule.has('keepNewest') || rule.has('keepYounger');
  if (ofTags && !keepsTags) {
    rule.problem('tags', 'says which tags may go, but not which of them stay: add keepNewest or keepYounger');
  }
  if (!ofTags && !keepsTags && !rule.has('untaggedOlderThan')) {
    rule.problem('keepNewest', 'is missing: give keepNewest, keepYounger or untaggedOlderThan');
  }
  for (const name of ofTags ? [] : (['matches', 'mustNotMatch'] as const).filter(rule.has)) {
    rule.problem(name, 'lists examples of "tags", which is missing: add the pattern, or leave them out');
  }
}

function readCaps(fields: StrictFields): RetentionCaps {
  const caps = fields.optionalObject('caps', capsFields);
  return {
    percent: caps?.optional('percent', percentForm) ?? defaults.caps.percent,
    perRepository: caps?.optional('perRepository', countForm) ?? defaults.caps.perRepository,
    whole: caps?.optional('whole', countForm) ?? defaults.caps.whole,
  };
}
