import { createHash } from 'node:crypto';
import { readPolicy } from '../src/protection/policy-reading.ts';
import { capWatch } from '../src/retention/caps.ts';
import { classifyRepository } from '../src/retention/classify.ts';
import type { PlanItem, RepositoryPlan } from '../src/retention/plan.ts';
import { planHash } from '../src/retention/plan-hash.ts';
import type { RepositoryContent } from '../src/retention/repository-content.ts';
import { planLines } from '../src/storage/plan-codec.ts';
import { seededContents } from './seeded-contents.ts';

// Decides what of a registry of so many manifests and tags goes, a process of its own: what is measured of memory is the
// decision's, with the repository it is about. Prints one line of JSON.

const [manifests = 0, tags = 0] = process.argv.slice(2).map(Number);
if (!Number.isSafeInteger(manifests) || !Number.isSafeInteger(tags) || manifests < 100) {
  process.stderr.write('usage: node bench/retention-run.ts MANIFESTS TAGS (100 or more)\n');
  process.exit(2);
}

const reading = readPolicy({
  version: 1,
  registries: ['contoso\\.azurecr\\.io'],
  environments: [{ name: 'production' }],
  repositories: [{ repositories: '.*', environments: ['production'] }],
  retention: {
    rules: [
      { repositories: 'team/.*', keepNewest: 100, keepYounger: 'P60D', untaggedOlderThan: 'P30D' },
      {
        repositories: 'team/.*',
        tags: 'build-.*',
        matches: ['build-1'],
        mustNotMatch: ['1.0.1'],
        keepYounger: 'P90D',
      },
    ],
    keepTags: [{ repositories: '.*', tags: '.*0000', matches: ['1.0.10000'], mustNotMatch: ['1.0.100001'] }],
  },
});
const policy = reading.ok ? reading.policy.retention : undefined;
if (policy === undefined) throw new Error('the policy is none');

const sha256 = createHash('sha256');
const hash = planHash(
  { update: (text) => void sha256.update(text), digest: () => sha256.digest('hex') },
  { registry: 'contoso.azurecr.io', inputs: { sources: [], policyHash: '' }, policy },
);
const caps = capWatch(policy.caps);
const counts = { repositories: 0, tags: 0, manifests: 0, untag: 0, delete: 0 };
const spent = { classify: 0, classifyCpu: 0, hash: 0, lines: 0 };
let characters = 0;

for (const content of seededContents(manifests, tags)) {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const items = classifyRepository(content, policy);
  const { user, system } = process.cpuUsage(cpu);
  const decided = performance.now();
  const plan = planOf(content, items);
  caps.add(plan);
  hash.add(plan);
  spent.classify += decided - started;
  spent.classifyCpu += (user + system) / 1_000;
  const hashed = performance.now();
  for (const line of planLines(plan)) characters += line.length;
  spent.hash += hashed - decided;
  spent.lines += performance.now() - hashed;
  counts.repositories += 1;
  counts.tags += plan.counts.tags;
  counts.manifests += plan.counts.manifests;
  counts.untag += plan.counts.untag;
  counts.delete += plan.counts.delete;
}
caps.whole();

const peakMiB = process.resourceUsage().maxRSS / 1_024;
process.stdout.write(
  `${JSON.stringify({ ...counts, classifySeconds: spent.classify / 1_000, classifyCpuSeconds: spent.classifyCpu / 1_000, hashSeconds: spent.hash / 1_000, lineSeconds: spent.lines / 1_000, lineMiB: characters / 2 ** 20, peakMiB, hash: hash.digest() })}\n`,
);

function planOf({ repository, ...content }: RepositoryContent, items: readonly PlanItem[]): RepositoryPlan {
  const count = (action: PlanItem['action']) => items.filter((item) => item.action === action).length;
  return {
    ...repository,
    items,
    counts: {
      tags: content.tags.length,
      manifests: content.manifests.length,
      untag: count('untag'),
      delete: count('delete'),
    },
    blocks: [],
  };
}
