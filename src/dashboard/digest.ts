import { html } from 'hono/html';
import * as z from 'zod/mini';
import { isoTime } from '../api/history-entry.ts';
import { readDigestImage } from '../api/image-parameter.ts';
import { RequestProblem } from '../api/problem.ts';
import type { DigestEvidence, EvidenceReader, TagOfDigest } from '../audit/digest-evidence.ts';
import type { Findings } from '../audit/findings.ts';
import type { HistoryPages } from '../audit/history-pages.ts';
import type { UsesBounds, UsesListing, UsesQuery } from '../audit/list-uses.ts';
import { queryHistory } from '../audit/query-history.ts';
import type { StoredFinding } from '../findings/lifecycle.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { ApprovalWindow } from '../protection/rollback-window.ts';
import type { AcceptedRegistry } from '../registry/accepted-registry.ts';
import type { Digest } from '../registry/digest.ts';
import { approvalTable } from './approval-table.ts';
import { commandList, digestCommands } from './az-commands.ts';
import { changesOf, changeTable } from './change-table.ts';
import { closureTree } from './closure-tree.ts';
import { findingTable } from './finding-table.ts';
import type { Html } from './html.ts';
import { type LedgerPorts, ledgerProof, placeInLedger } from './ledger-proof.ts';
import { digestHref, exportHref, home, tagHref, withQuery } from './links.ts';
import { locksShown } from './locks-shown.ts';
import { outside } from './outside-text.ts';
import { page } from './page.ts';
import { badge, digestLink, repositoryLink, shortDigest, shownSize, shownTime } from './shown.ts';
import { table } from './table.ts';
import { useTable } from './use-table.ts';

/** What a digest's page is told from. */
export interface DigestPorts {
  readonly evidence: Pick<EvidenceReader, 'evidenceButTagLocks'>;
  readonly pages: HistoryPages;
  readonly windows: (repository: RepositoryId) => Promise<readonly ApprovalWindow[]>;
  readonly listUses: (query: UsesQuery) => Promise<UsesListing>;
  readonly findings: Pick<Findings, 'page'>;
  readonly ledger: LedgerPorts;
}

const [mostTags, mostEntries, mostUses, mostFindings] = [50, 20, 20, 20];

/** What of a digest is shown: each part takes as many queries as a page may. */
const parts = ['uses', 'ledger'] as const;

/** With the sources, the claims and what the digest is about, ten queries. */
const most: UsesBounds = { claims: 1_000, tags: 4, above: 3 };

/** Everything known of a digest: the evidence on one page, who uses it and its place in the ledger each on another. */
export function digestPage(registries: readonly AcceptedRegistry[], ports: DigestPorts) {
  const { evidence: reader, pages, windows, listUses, findings, ledger } = ports;
  const ask = queryHistory({ pages });

  async function evidenceOf(named: NamedDigest): Promise<Html> {
    const { registry, repository, digest } = named;
    const about = { statuses: ['open', 'acknowledged', 'waived'] as const, repository, digest };
    const [evidence, { items: entries }, approved, found] = await Promise.all([
      reader.evidenceButTagLocks(named, digest, mostTags),
      ask({ scope: named, limit: mostEntries }),
      windows(named),
      findings.page(registry, about, mostFindings),
    ]);
    const approvals = approved.filter(({ approval }) => approval.digest === digest);
    const isKnown =
      evidence.head !== undefined ||
      evidence.description !== undefined ||
      approvals.length + found.items.length > 0;
    if (!isKnown) throw unknown(named);
    const reference = `${registry}/${repository}@${digest}`;
    const held = evidence.tags.items.filter(({ until }) => until === undefined).map(({ tag }) => tag);
    const told = found.items.map(({ finding }) => finding);
    return html`${factsOf(evidence)}
<h2>Tags over time</h2>
${tagTable(named, evidence)}
<h2>What belongs to it</h2>
${closureTree(named, digest, evidence)}
${parentsOf(named, evidence)}
<h2>Approvals and locks</h2>
${locksOf(evidence)}
${approvalTable(approvals, named)}
<h2>Findings</h2>
${findingTable({ caption: 'Findings about it', findings: told, csv: exportHref('findings', { image: reference }) })}
<h2>Scan results</h2>
${scansOf(approvals, told)}
<h2>History</h2>
${changeTable({ caption: 'What happened to it, newest first', changes: changesOf(entries), of: 'digest', empty: html`<p>No event named it. It was found by a comparison, or by what uses it.</p>`, csv: exportHref('history', { image: reference }) })}
<h2>Confirm it yourself</h2>
<p>These commands ask the registry, and not this service.</p>
${commandList(digestCommands(named, held))}`;
  }

  async function usesOf(named: NamedDigest): Promise<Html> {
    const { registry, repository, digest } = named;
    const { uses, coverage, isCut } = await listUses({ image: named, most });
    return html`<h2>In use</h2>
${isCut ? html`<p class="quiet">What names a tag with a long history, or one of many, may need it too: <a href="${withQuery(`${home}/workloads`, { image: `${registry}/${repository}` })}">all workloads that use the repository</a>.</p>` : undefined}
${useTable({
  caption: 'Workloads that need it',
  uses: uses.slice(0, mostUses),
  csv: exportHref('uses', { image: `${registry}/${repository}@${digest}` }),
  coverage,
  more: uses.length > mostUses ? uses.length : undefined,
  isCut,
})}`;
  }

  async function proofOf(named: NamedDigest): Promise<Html> {
    const { items: entries } = await ask({ scope: named, limit: mostEntries });
    const place = await placeInLedger(ledger, named.registry, entries[0]?.entry.fact.at.id);
    return html`<h2>Ledger proof</h2>
${ledgerProof(place, entries)}`;
  }

  return page({
    name: 'dashboardDigest',
    path: 'digest',
    query: z.strictObject({
      image: z.string({ error: 'is missing: give a repository and digest, such as team/app@sha256:…' }),
      show: z.optional(z.enum(parts, { error: `must be one of ${parts.join(', ')}` })),
    }),
    async answer({ query: { image, show } }) {
      const named = readDigestImage(image, registries);
      const { registry, repository, digest } = named;
      const shown = { uses: usesOf, ledger: proofOf, evidence: evidenceOf }[show ?? 'evidence'];
      const body = html`<p>${repositoryLink(named)} <span class="quiet">in ${registry}</span></p>
<h1>Digest <code>${digest}</code></h1>
${partsOf(named, show)}
${await shown(named)}`;
      return { title: `${shortDigest(digest)} of ${repository}`, section: 'repositories', body };
    },
  });
}

type NamedDigest = RepositoryId & { readonly digest: Digest };

/** Where the parts are, the one that is shown without a link. */
function partsOf(named: NamedDigest, shown: (typeof parts)[number] | undefined): Html {
  const href = digestHref(named);
  const all = [
    { text: 'Evidence', show: undefined },
    { text: 'In use', show: 'uses' },
    { text: 'Ledger proof', show: 'ledger' },
  ] as const;
  const item = ({ text, show }: (typeof all)[number]) =>
    show === shown
      ? html`<li><strong aria-current="page">${text}</strong></li>`
      : html`<li><a href="${show === undefined ? href : `${href}&show=${show}`}">${text}</a></li>`;
  return html`<nav class="parts" aria-label="Parts"><ul>${all.map(item)}</ul></nav>`;
}

function unknown({
  registry,
  repository,
  digest,
}: RepositoryId & { readonly digest: string }): RequestProblem {
  return new RequestProblem({
    status: 404,
    type: 'digest-unknown',
    title: 'Nothing is known of this digest',
    detail: `${registry}/${repository}@${digest} is not in the history. It may be in another repository: search for the digest alone. What uses the repository is among the workloads.`,
  });
}

function factsOf({ head, description }: DigestEvidence): Html {
  const { mediaType, size, os, architecture, artifactType, subject, children } = description ?? {};
  const platform = [os, architecture].filter((part) => part !== undefined).join('/');
  const fact = (name: string, value: Html | string | undefined) =>
    value === undefined || value === '' ? undefined : html`<dt>${name}</dt><dd>${value}</dd>`;
  return html`<dl class="facts" id="facts">
${fact('Presence', head === undefined ? badge('never seen pushed', 'warn') : head.presence === 'present' ? badge('present', 'good') : badge('deleted', 'bad'))}
${fact('Last change', head && shownTime(head.newest.time))}
${fact('Kind', mediaType && outside(mediaType))}
${fact('Artifact', artifactType && outside(artifactType))}
${fact('Size', size === undefined ? undefined : shownSize(size))}
${fact('Platform', platform === '' ? undefined : outside(platform))}
${fact('Lists', children === undefined ? undefined : `${children} manifests`)}
${fact('Is about', subject)}
${description === undefined ? html`<dt>Content</dt><dd>not looked at yet: the next comparison with the registry does</dd>` : undefined}</dl>`;
}

function tagTable(id: RepositoryId, { tags }: DigestEvidence): Html {
  return table<TagOfDigest>({
    caption: tags.isMore ? `Tags (the first ${tags.items.length})` : 'Tags',
    items: tags.items,
    columns: [
      {
        head: 'Tag',
        cell: ({ tag, stretch }) =>
          html`<a href="${tagHref({ ...id, tag }, isoTime(stretch.time))}">${outside(tag)}</a>`,
      },
      { head: 'Since', cell: ({ stretch }) => shownTime(stretch.time) },
      { head: 'Last push', cell: ({ lastPush }) => shownTime(lastPush.time) },
      {
        head: 'Until',
        cell: ({ until }) => (until === undefined ? badge('now', 'good') : shownTime(until.time)),
      },
    ],
    empty: html`<p>No tag has pointed to it: it was pushed by digest, as the manifests of one platform are.</p>`,
  });
}

function parentsOf(id: RepositoryId, { parents }: DigestEvidence): Html | undefined {
  if (parents.items.length === 0) return undefined;
  return html`<p>Listed by ${parents.items.map((digest) => html`${digestLink({ ...id, digest })} `)}${parents.isMore ? 'and more' : ''}</p>`;
}

function locksOf({ locks }: DigestEvidence): Html {
  const shown = locksShown(locks, 'manifest');
  return shown === undefined
    ? html`<p class="quiet">The manifest is not locked, as far as the last comparison saw.</p>`
    : html`<p>${shown}</p>`;
}

function scansOf(approvals: readonly ApprovalWindow[], findings: readonly StoredFinding[]): Html {
  const scans = approvals.flatMap(({ approval: { scan, requestedAt } }) =>
    scan === undefined ? [] : [{ scan, requestedAt }],
  );
  const vulnerable = findings.filter(({ kind }) => /Vulnerab/.test(kind));
  if (scans.length + vulnerable.length === 0) {
    return html`<p class="empty">No scan is known. An approval can carry what a scanner said, and Microsoft Defender is asked where a source of Azure is configured.</p>`;
  }
  return html`<ul>${scans.map(({ scan, requestedAt }) => html`<li>${outside(scan.tool)}: ${badge(scan.status, scan.status === 'passed' ? 'good' : 'bad')} at the approval of ${shownTime(requestedAt)}${Object.entries(scan.counts ?? {}).map(([severity, count]) => html`, ${outside(severity)} ${count}`)}${scan.report === undefined ? undefined : html`, report at ${outside(scan.report)}`}</li>`)}
${vulnerable.map(({ kind, id }) => html`<li>${kind} <code>${id}</code></li>`)}</ul>`;
}
