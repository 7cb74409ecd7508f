import { registryDeletions } from '../../src/acr/registry-deletions.ts';
import { executePlan } from '../../src/audit/execute-plan.ts';
import { approvePlan, executePlanSoon } from '../../src/audit/plan-decisions.ts';
import type { PlanHeader } from '../../src/audit/retention-ports.ts';
import { type Digest, parseDigest } from '../../src/registry/digest.ts';
import { stateReader } from '../../src/storage/state-reader.ts';
import {
  type Descriptor,
  type ImageOptions,
  prepareImage,
  putManifest,
  type SampleManifest,
  sampleIndex,
  setAttributes,
} from '../component/acr/image.ts';
import type { TestRegistry } from '../component/acr/test-registry.ts';
import { claimed, usedRegistry } from './in-use-app.ts';
import { accessTo, credential } from './registry-access.ts';
import { day, retentionApp } from './retention-app.ts';
import { policyOf, ruleOf } from './retention-content.ts';

/** What a plan came to: as it was made, and as its run left it. */
export interface CarriedOut {
  readonly plan: PlanHeader;
  readonly run: PlanHeader | undefined;
}

/**
 * A repository of a registry that is there, read and deleted in through the SDK over TLS, compared with its history, with
 * workloads that sources report, plans that one approves and another has run, and a runtime that pulls what is left.
 */
export function keptRegistry(registry: TestRegistry, repository: string) {
  const app = retentionApp({ content: accessTo(registry).content, start: Date.now() });
  app.policy.policy = policyOf({
    rules: [ruleOf({ keepYounger: 30 * day, untaggedOlderThan: 14 * day })],
    mostSurprises: 100,
  });
  const deletions = registryDeletions({
    endpoint: registry.url,
    ca: registry.ca,
    credential: credential(),
    perMinute: 1_000_000,
  });
  const states = stateReader(app.tables.repositories);
  const principal = (id: string) => ({ id, name: id, roles: [] });

  async function put(manifest: SampleManifest, tag?: string): Promise<Digest> {
    const answer = await putManifest(registry, repository, tag ?? manifest.descriptor.digest, manifest);
    const digest = parseDigest(manifest.descriptor.digest);
    if (answer.status !== 201 || digest === undefined) throw new Error(`refused with ${answer.status}`);
    return digest;
  }

  /** Whether a runtime could pull it: the manifest, all that it lists, configurations and layers. */
  async function isPullable(reference: string): Promise<boolean> {
    const { status, json } = await registry.call('GET', `/v2/${repository}/manifests/${reference}`, {
      headers: {
        Accept: 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json',
      },
    });
    if (status !== 200) return false;
    const document = json as {
      readonly manifests?: readonly Descriptor[];
      readonly config?: Descriptor;
      readonly layers?: readonly Descriptor[];
    };
    for (const child of document.manifests ?? []) if (!(await isPullable(child.digest))) return false;
    for (const blob of [document.config, ...(document.layers ?? [])]) {
      if (blob === undefined) continue;
      if ((await registry.call('GET', `/v2/${repository}/blobs/${blob.digest}`)).status !== 200) return false;
    }
    return true;
  }

  async function plan(): Promise<PlanHeader> {
    const { id } = await app.beginPlan();
    const made = await app.makePlan(id);
    if (made === undefined) throw new Error('no plan was made');
    return made;
  }

  async function run({ id, hash }: Pick<PlanHeader, 'id' | 'hash'>): Promise<PlanHeader | undefined> {
    const planning = app.planning();
    const decide = { hash, reason: 'a clean-up' };
    const approved = await approvePlan(planning)(usedRegistry, id, { ...decide, by: principal('approver') });
    if (approved.outcome !== 'decided') return undefined;
    const begun = await executePlanSoon(planning)(usedRegistry, id, { ...decide, by: principal('executor') });
    if (begun.outcome !== 'decided') return undefined;
    return executePlan({
      ...planning,
      states,
      contents: app.readers,
      deletions: new Map([[usedRegistry, deletions]]),
      stillGoes: app.useCases().stillGoes,
    })(usedRegistry, id);
  }

  return {
    app,
    repository,
    put,
    plan,
    run,
    isPullable,
    image: (content: string, more: ImageOptions = {}) =>
      prepareImage(registry, repository, { content, ...more }),
    index: (...children: readonly SampleManifest[]) =>
      sampleIndex(children.map(({ descriptor }) => descriptor)),
    async untag(tag: string): Promise<void> {
      await registry.call('DELETE', `/acr/v1/${repository}/_tags/${tag}`);
    },
    lock: (what: string) =>
      setAttributes(registry, `${repository}/${what}`, { deleteEnabled: false, writeEnabled: false }),
    compare: () => app.compare(repository),
    /** Compares, lets some days pass, compares again and has every source say what is claimed. */
    async age(days: number, claims: readonly Parameters<typeof claimed>[] = []): Promise<void> {
      await app.compare(repository);
      app.clock.time += days * day;
      await app.compare(repository);
      await app.report(
        'aks-prod',
        claims.map((told) => claimed(...told)),
      );
      await app.report('compose', []);
    },
    /** Makes a plan, has it approved and run. */
    async cleanUp(): Promise<CarriedOut> {
      const made = await plan();
      return { plan: made, run: await run(made) };
    },
    /** Which of these can still be pulled, by tag or digest. */
    async survivors(...references: readonly string[]): Promise<readonly string[]> {
      const found: string[] = [];
      for (const reference of references) if (await isPullable(reference)) found.push(reference);
      return found;
    },
  };
}

export type KeptRegistry = ReturnType<typeof keptRegistry>;
