import { html } from 'hono/html';
import type { DigestEvidence } from '../audit/digest-evidence.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { Html } from './html.ts';
import { outside } from './outside-text.ts';
import { digestLink } from './shown.ts';

/** A manifest that belongs to another. */
interface Member {
  readonly digest: Digest;
  readonly role: 'child' | 'referrer';
  /** Its platform, or what kind of thing it is. */
  readonly about: string;
}

function membersOf({ children, referrers }: DigestEvidence): readonly Member[] {
  return [
    ...children.items.map(({ digest, platform, mediaType }): Member => {
      const parts = [platform?.os, platform?.architecture, platform?.variant];
      const name = parts.filter((part) => part !== undefined).join('/');
      return { digest, role: 'child', about: name === '' ? (mediaType ?? '') : name };
    }),
    ...referrers.items.map(({ digest, artifactType }): Member => {
      return { digest, role: 'referrer', about: artifactType ?? '' };
    }),
  ];
}

/**
 * What belongs to a manifest: the children of an index, and what refers to it. What belongs to those is told on their own
 * pages: reading it would take queries for each.
 */
export function closureTree(repository: RepositoryId, digest: Digest, evidence: DigestEvidence): Html {
  const { children, referrers, description } = evidence;
  const members = membersOf(evidence);
  const isCut = children.isMore || referrers.isMore || description?.unreadable !== undefined;
  const more = isCut ? html` <span class="quiet">and more that is not shown</span>` : undefined;
  const items = members.map(
    (member) =>
      html`<li>${digestLink({ ...repository, digest: member.digest })} <span class="quiet">${member.role}</span> ${member.about === '' ? undefined : outside(member.about)}</li>`,
  );
  const note =
    members.length > 0
      ? html`<p class="quiet">What belongs to these is told on their own pages.</p>`
      : isCut
        ? undefined
        : html`<p class="quiet">It stands alone: it lists no other manifest, and nothing refers to it, as far as is known.</p>`;
  return html`<ul class="tree"><li><code>${digest}</code> <span class="quiet">itself</span>${more}${members.length === 0 ? undefined : html`<ul>${items}</ul>`}</li></ul>
${note}`;
}
