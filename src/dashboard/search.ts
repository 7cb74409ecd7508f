import { html } from 'hono/html';
import * as z from 'zod/mini';
import { everywhere } from '../api/findings.ts';
import type { Announcements } from '../audit/announcements.ts';
import type { Findings } from '../audit/findings.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { WorkloadsPage, WorkloadsQuery } from '../audit/list-workloads.ts';
import type { RepositoryNames } from '../audit/repository-names.ts';
import type { DigestSearch } from '../audit/repository-tags.ts';
import { type AcceptedRegistry, acceptedNamed } from '../registry/accepted-registry.ts';
import { isRepositoryName, isTag } from '../registry/name.ts';
import { parseReference } from '../registry/reference.ts';
import type { Html } from './html.ts';
import { digestHref, findingHref, home, repositoryHref, tagHref, withQuery } from './links.ts';
import { outside } from './outside-text.ts';
import { page } from './page.ts';
import { shortDigest } from './shown.ts';

/** What the search looks in. */
export interface SearchPorts {
  readonly findings: Pick<Findings, 'get'>;
  readonly digests: DigestSearch;
  readonly names: Pick<RepositoryNames, 'compared'>;
  readonly announcements: Pick<Announcements, 'newest'>;
  readonly pages: Pick<HistoryPages, 'tagHead'>;
  readonly listWorkloads: (query: WorkloadsQuery) => Promise<WorkloadsPage>;
}

/** Something that was found. */
interface Found {
  readonly kind: 'registry' | 'finding' | 'digest' | 'repository' | 'tag' | 'workload';
  readonly href: string;
  readonly text: string;
}

/** Answers of each kind; newest changes looked through for a tag; repositories asked for it; queries for workloads. */
const [mostFound, mostChanges, mostAsked, mostLists] = [25, 500, 2, 4];

/** What may be a finding's id takes two queries more, and is looked for among fewer workloads. */
const findingForm = /^[0-9a-f]{32}$/;

/** Finds whatever a text names: a reference, a tag, a digest or how it begins, a workload, a finding. */
export function searchPage(registries: readonly AcceptedRegistry[], ports: SearchPorts) {
  const { findings, digests, names, announcements, pages, listWorkloads } = ports;

  async function findingOf(text: string): Promise<readonly Found[]> {
    if (!findingForm.test(text)) return [];
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
    const whole = acceptedNamed(text, registries);
    if (whole !== undefined) {
      return { kind: 'registry', href: withQuery(`${home}/repositories`, { registry: whole }), text };
    }
    const reading = parseReference(text);
    if (!reading.ok) return undefined;
    const { registry: named, repository, tag, digest } = reading.reference;
    const registry = acceptedNamed(named, registries);
    if (registry === undefined) return undefined;
    const id = { registry, repository };
    if (digest !== undefined) return { kind: 'digest', href: digestHref({ ...id, digest }), text };
    return tag === undefined ? undefined : { kind: 'tag', href: tagHref({ ...id, tag }), text };
  }

  async function inRepositories(text: string) {
    const reading = parseReference(text);
    const part = reading.ok ? reading.reference.repository : isRepositoryName(text) ? text : undefined;
    const found: Found[] = [];
    let isCut = false;
    await Promise.all(
      registries.map(async ({ loginServer: registry }) => {
        const [compared, changed] = await Promise.all([
          names.compared(registry),
          announcements.newest(registry, mostChanges),
        ]);
        const changedLately = changed.items.map(({ repository }) => repository);
        const all = [...new Set([...changedLately, ...compared.items])].filter(isRepositoryName);
        for (const repository of part === undefined ? [] : all.filter((name) => name.includes(part))) {
          const id = { registry, repository };
          found.push({ kind: 'repository', href: repositoryHref(id), text: `${registry}/${repository}` });
        }
        isCut ||= compared.isMore || (compared.items.length === 0 && changed.isMore);
        if (!isTag(text)) return;
        const having = new Set(
          changed.items.flatMap(({ repository, fact }) => (fact.tag === text ? [repository] : [])),
        );
        const others = all.filter((repository) => !having.has(repository));
        const asked = others.slice(0, mostAsked);
        const heads = await Promise.all(
          asked.map((repository) => pages.tagHead({ registry, repository }, text)),
        );
        isCut ||= others.length > asked.length;
        for (const repository of [...having, ...asked.filter((_, place) => heads[place] !== undefined)]) {
          const href = tagHref({ registry, repository, tag: text });
          found.push({ kind: 'tag', href, text: `${repository}:${text} in ${registry}` });
        }
      }),
    );
    return { found, isCut };
  }

  async function workloadsOf(text: string) {
    const wanted = text.toLowerCase();
    const { claims, next } = await listWorkloads({
      isWanted: ({ workload }) => workload.name.toLowerCase().includes(wanted),
      limit: mostFound,
      mostQueries: findingForm.test(text) ? mostLists - 2 : mostLists,
    });
    const byName = new Map(claims.map((claim) => [`${claim.workload.kind} ${claim.workload.name}`, claim]));
    const found = [...byName].map(
      ([name, { workload, source }]): Found => ({
        kind: 'workload',
        href: withQuery(`${home}/workloads`, { named: workload.name }),
        text: `${name} in ${source}`,
      }),
    );
    return { found, isCut: next !== undefined };
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
      // No other thing has the id of a finding.
      const [finding] = await findingOf(text);
      if (finding !== undefined) return { to: finding.href };
      const [digest, repositories, workloads] = await Promise.all([
        digestsOf(text.toLowerCase()),
        inRepositories(text),
        workloadsOf(text),
      ]);
      const found = [...digest, ...repositories.found.slice(0, mostFound * 2), ...workloads.found];
      const [only] = found;
      if (only !== undefined && found.length === 1) return { to: only.href };
      const body = html`<h1>Search: ${outside(text)}</h1>
${found.length === 0 ? html`<div class="empty"><p>Nothing known has this name.</p>${help()}</div>` : html`<ul>${found.map(({ kind, href, text: name }) => html`<li><span class="quiet">${kind}</span> <a href="${href}">${outside(name)}</a></li>`)}</ul>`}
${repositories.isCut ? html`<p class="quiet">Not every repository was looked through: a name is looked for among a thousand, a tag alone among the newest ${mostChanges} changes and in ${mostAsked} repositories. A whole reference such as <code>team/app:1.4.2</code> leads past that.</p>` : undefined}
${workloads.isCut ? html`<p class="quiet">Not every workload was looked through: <a href="${withQuery(`${home}/workloads`, { named: text.slice(0, 253) })}">look through the rest</a>.</p>` : undefined}`;
      return { title: 'Search', search: text, body };
    },
  });
}

function help(): Html {
  return html`<p>Search for a whole reference such as <code>team/app:1.4.2</code>, a tag, a part of a repository's or workload's name, a digest or its first six characters, or the id of a finding.</p>`;
}
