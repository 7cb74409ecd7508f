import fc from 'fast-check';
import { readWaiver } from '../../src/api/finding-changes.ts';
import { readDecision, readOutcome, readReason } from '../../src/api/reason-body.ts';
import { readApprovalRequest } from '../../src/protection/approval-request.ts';
import { coversRepository, readHoldRequest } from '../../src/protection/hold.ts';
import { isRepositoryName } from '../../src/registry/name.ts';
import { fieldsIn, isClean, jsonOf } from '../outside-json.ts';
import { accepted, hold, holdBounded, refused, type Target } from '../target.ts';
import { asJson, digests, maybe, mostly, outsideTexts, references } from '../values.ts';

const texts = fc.oneof(fc.constantFrom('looks good', 'a'), outsideTexts);

const approvals = fc.record({
  image: mostly(references),
  environment: mostly(fc.constantFrom('production', 'staging')),
  reason: mostly(texts),
  ticket: maybe(texts),
  commit: maybe(fc.constantFrom('0123abc', 'main')),
  scan: maybe(
    fc.record({
      tool: mostly(texts),
      status: mostly(fc.constantFrom('passed', 'failed')),
      counts: maybe(fc.dictionary(fc.constantFrom('critical', 'high', '__proto__', 'A'), fc.integer())),
      report: maybe(fc.webUrl({ validSchemes: ['https', 'http'] })),
    }),
  ),
  rollbackDigest: maybe(digests),
  notes: maybe(texts),
  retainFor: maybe(fc.constantFrom('P30D', 'PT1H', 'P1Y')),
  lockTag: maybe(fc.boolean()),
});
const holds = fc.record({
  approval: maybe(fc.constant('0000000000000-0123456789ab')),
  registry: maybe(fc.constant('contoso.azurecr.io')),
  repositories: maybe(fc.constantFrom('team/.*', '(', '.*')),
  reason: maybe(texts),
});
const others = fc.record({
  reason: maybe(texts),
  hash: maybe(fc.constant('a'.repeat(64))),
  outcome: maybe(fc.constantFrom('good', 'failed', 'bad')),
  owner: maybe(texts),
  until: maybe(fc.constant('2026-06-01T00:00:00Z')),
});

/** What the bodies of each kind may say at all. */
const readers = {
  approval: readApprovalRequest,
  hold: readHoldRequest,
  reason: readReason,
  decision: readDecision,
  outcome: readOutcome,
  waiver: readWaiver,
};

/** Bodies of the API's requests: approvals, holds, decisions, outcomes, waivers. */
export const requestBody: Target = {
  name: 'request-body',
  form: 'text',
  property:
    'a body that is taken has texts as they were given, clean and bounded, names its image wholly, and tells nothing of who asks; with an unknown field it is refused',
  made: fc.oneof(approvals, holds, others).map(asJson),
  words: [
    'approver',
    'approvedBy',
    'image',
    'reason',
    'repositories',
    'contoso.azurecr.io/team/app:1.4.2',
    'scan',
    'counts',
    'https://fabrikam.example/',
    'https://a:b@c',
    'good',
    'production',
  ],
  large: {
    reason: (length) => asJson({ reason: 'a'.repeat(length) }),
    'a report': (length) => asJson({ image: 'a', scan: { report: `https://${'a.'.repeat(length / 2)}` } }),
    counts: (length) =>
      asJson({
        scan: { counts: Object.fromEntries(Array.from({ length: length / 12 }, (_, at) => [`a${at}`, 1])) },
      }),
    'unknown fields': (length) => `{${Array.from({ length: length / 8 }, (_, at) => `"${at}":1`).join()}}`,
  },
  check(text) {
    const json = jsonOf(text);
    if (json === undefined) return refused('no JSON');
    const kinds: string[] = [];
    for (const [name, read] of Object.entries(readers)) {
      const reading = read(json.value);
      holdBounded(reading, text, 60_000, 4);
      if (!reading.ok) {
        hold(
          reading.problems.length > 0 && isClean(reading.problems),
          `${name}: its problems are none, or not clean`,
        );
        kinds.push(fieldsIn(reading.problems));
        continue;
      }
      kinds.push(name);
      hold(isClean(withoutNotes(reading)), `${name}: it has what should not be in it`);
      const more = read({ ...Object(json.value), approver: 'somebody' });
      hold(!more.ok, `${name}: a field that nobody knows is taken`);
    }
    const approval = readApprovalRequest(json.value);
    if (approval.ok) {
      const { image } = approval.request;
      hold(isRepositoryName(image.repository) && image.registry !== '', 'an approval names no repository');
      hold(image.tag !== undefined || image.digest !== undefined, 'an approval names no image');
    }
    const request = readHoldRequest(json.value);
    if (request.ok && request.request.scope.kind === 'repositories') {
      const held = { ...request.request, id: 'h', placedBy: 'a', placedAt: 0, state: 'held' as const };
      coversRepository(held, { registry: request.request.scope.registry, repository: 'team/app' });
    }
    const isTaken = kinds.some((kind) => Object.hasOwn(readers, kind));
    return isTaken ? accepted(kinds.join(' ')) : refused(kinds.join(' '));
  },
};

/** Notes may have line feeds. */
function withoutNotes(reading: object): unknown {
  const text = JSON.stringify(reading).replaceAll('\\n', ' ');
  return JSON.parse(text);
}
