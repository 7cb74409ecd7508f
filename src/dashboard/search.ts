import { html } from 'hono/html';
import * as z from 'zod/mini';
import { everywhere } from '../api/findings.ts';
import type { Findings } from '../audit/findings.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { UsesListing, UsesQuery } from '../audit/list-uses.ts';
import type { DigestSearch } from '../audit/repository-tags.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import { isRepositoryName, isTag } from '../registry/name.ts';
import { parseReference, registryNamed } from '../registry/reference.ts';
import type { Html } from './html.ts';
import { digestHref, findingHref, home, repositoryHref, tagHref, withQuery } from './links.ts';
import { outside } from './outside-text.ts';
import { page } from './page.ts';
import type { RecordedNames } from './repositories.ts';
import { shortDigest } from './shown.ts';

/** What the search looks in. */
export interface SearchPorts {
  readonly findings: Pick<Findings, 'get'>;
  readonly digests: DigestSearch;
  readonly names: RecordedNames;
  readonly pages: Pick<HistoryPages, 'tagHead'>;
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
}

/** Something that was found. */
interface Found {
  readonly kind: 'registry' | 'finding' | 'digest' | 'repository' | 'tag' | 'workload';
  readonly href: string;
  readonly text: string;
}

/** Repositories looked through for a tag, or a part of a name; answers of each kind. */
const [mostRepositories, mostFound] = [100, 25];

/** Finds whatever a text names: a reference, a tag, a digest or how it begins, a workload, a finding. */
export function searchPage(registries: readonly AcceptedRegistry[], ports: SearchPorts) {
  const { findings, digests, names, pages, listUses } = ports;

  async function findingOf(text: string): Promise<readonly Found[]> {
    if (!/^[0-9a-f]{32}$/.test(text)) return [];
    const all = await Promise.all(everywhere(registries).map((registry) => findings.get(registry, text)));
    return all.flatMap((one) =>
      one === undefined
        ? []
        : [{ kind: 'finding', href: findingHref(one.id), text: `${one.kind} ${one.id}` }],
    );
  }

  async function digestsOf(text: string): Promise<readonly Found[]> {
    const prefix = /^[0-9a-f]{6,64}$/.test(text) ? `sha256:${text}` : text;
    if (!/^sha(?:256|512):[0-9a-f]{4,128}$/.test(prefix)) return [];
    const audited = new Set(registries.map(({ loginServer }) => loginServer));
    const places = await digests.beginningWith(prefix, mostFound);
    return places
      .filter(({ registry }) => audited.has(registry))
      .map((place) => ({
        kind: 'digest',
        href: digestHref(place),
        text: `${place.repository}@${shortDigest(place.digest)} in ${place.registry}`,
      }));
  }

  /** A reference that says which repository it means leads there, whatever else is found. */
  function referenceOf(text: string): Found | undefined {
    const whole = registries.find(({ loginServer }) => loginServer === registryNamed(text))?.loginServer;
    if (whole !== undefined) {
      return { kind: 'registry', href: withQuery(`${home}/repositories`, { registry: whole }), text };
    }
    const reading = parseReference(text);
    if (!reading.ok) return undefined;
    const { registry: named, repository, tag, digest } = reading.reference;
    const [only] = registries;
    const registry =
      named === undefined ? (registries.length === 1 ? only?.loginServer : undefined) : registryNamed(named);
    if (registry === undefined || !registries.some(({ loginServer }) => loginServer === registry))
      return undefined;
    const id = { registry, repository };
    if (digest !== undefined) return { kind: 'digest', href: digestHref({ ...id, digest }), text };
    return tag === undefined ? undefined : { kind: 'tag', href: tagHref({ ...id, tag }), text };
  }

  async function inRepositories(text: string) {
    const reading = parseReference(text);
    const part = reading.ok ? reading.reference.repository : isRepositoryName(text) ? text : undefined;
    const found: Found[] = [];
    let isCut = false;
    for (const { loginServer: registry } of registries) {
      let some: RepositoryId[] = [];
      for await (const repository of names(registry)) {
        if (!isRepositoryName(repository)) continue;
        if (some.length === mostRepositories) {
          isCut = true;
          break;
        }
        some = [...some, { registry, repository }];
        if (part !== undefined && repository.includes(part)) {
          found.push({
            kind: 'repository',
            href: repositoryHref({ registry, repository }),
            text: `${registry}/${repository}`,
          });
        }
      }
      if (!isTag(text)) continue;
      const heads = await Promise.all(some.map((id) => pages.tagHead(id, text)));
      for (const [place, head] of heads.entries()) {
        const id = some[place];
        if (head === undefined || id === undefined) continue;
        found.push({
          kind: 'tag',
          href: tagHref({ ...id, tag: text }),
          text: `${id.repository}:${text} in ${registry}`,
        });
      }
    }
    return { found, isCut };
  }

  async function workloadsOf(text: string): Promise<readonly Found[]> {
    const { uses } = await listUses({});
    const wanted = text.toLowerCase();
    const matching = uses.filter(({ claim }) => claim.workload.name.toLowerCase().includes(wanted));
    const byName = new Map(
      matching.map(({ claim }) => [`${claim.workload.kind} ${claim.workload.name}`, claim]),
    );
    return [...byName].slice(0, mostFound).map(([name, { workload, source }]) => ({
      kind: 'workload',
      href: withQuery(`${home}/workloads`, { named: workload.name }),
      text: `${name} in ${source}`,
    }));
  }

  return page({
    name: 'dashboardSearch',
    path: 'search',
    query: z.strictObject({
      q: z.optional(z.string().check(z.maxLength(1_024, { error: 'must have at most 1024 characters' }))),
    }),
    async answer({ query: { q = '' } }) {
      const text = q.trim();
      if (text === '') return { title: 'Search', search: '', body: html`<h1>Search</h1>${help()}` };
      const reference = referenceOf(text);
      if (reference !== undefined) return { to: reference.href };
      const [finding, digest, repositories, workloads] = await Promise.all([
        findingOf(text),
        digestsOf(text.toLowerCase()),
        inRepositories(text),
        workloadsOf(text),
      ]);
      const found = [...finding, ...digest, ...repositories.found.slice(0, mostFound * 2), ...workloads];
      const [only] = found;
      if (only !== undefined && found.length === 1) return { to: only.href };
      const body = html`<h1>Search: ${outside(text)}</h1>
${found.length === 0 ? html`<div class="empty"><p>Nothing known has this name.</p>${help()}</div>` : html`<ul>${found.map(({ kind, href, text: name }) => html`<li><span class="quiet">${kind}</span> <a href="${href}">${outside(name)}</a></li>`)}</ul>`}
${repositories.isCut ? html`<p class="quiet">Only the first ${mostRepositories} repositories of a registry were looked through: write a whole reference to go past them.</p>` : undefined}`;
      return { title: 'Search', search: text, body };
    },
  });
}

function help(): Html {
  return html`<p>Search for a whole reference such as <code>team/app:1.4.2</code>, a tag, a part of a repository's or workload's name, a digest or its first six characters, or the id of a finding.</p>`;
}
