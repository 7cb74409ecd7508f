import { html } from 'hono/html';
import type { DigestEvidence, EvidenceReader } from '../audit/digest-evidence.ts';
import type { RepositoryId } from '../history/fact.ts';
import type { Digest } from '../registry/digest.ts';
import type { Html } from './html.ts';
import { outside } from './outside-text.ts';
import { digestLink } from './shown.ts';

/** A manifest, and what belongs to it. */
export interface ClosureNode {
  readonly digest: Digest;
  readonly role: 'itself' | 'child' | 'referrer';
  /** Its platform, or what kind of thing it is. */
  readonly about: string;
  readonly nodes: readonly ClosureNode[];
  /** Whether more belongs to it than is told. */
  readonly isCut: boolean;
}

const [mostEach, mostLevels, mostRead] = [50, 3, 24];

/**
 * Reads what belongs to a manifest, of which the evidence is known: children of indexes, and what refers to any of them, some
 * levels deep.
 */
export async function readClosure(
  reader: EvidenceReader,
  repository: RepositoryId,
  digest: Digest,
  known: DigestEvidence,
): Promise<ClosureNode> {
  let left = mostRead;

  async function nodeOf(
    of: Digest,
    role: ClosureNode['role'],
    about: string,
    level: number,
    above: ReadonlySet<string>,
  ): Promise<ClosureNode> {
    if (level > mostLevels || left === 0 || above.has(of)) {
      return { digest: of, role, about, nodes: [], isCut: !above.has(of) };
    }
    left -= 1;
    const { children, referrers, description } =
      of === digest ? known : await reader.evidence(repository, of, mostEach);
    const beneath = new Set([...above, of]);
    const nodes: ClosureNode[] = [];
    for (const { digest: child, platform, mediaType } of children.items) {
      const name = [platform?.os, platform?.architecture, platform?.variant].filter(
        (part) => part !== undefined,
      );
      const text = name.length > 0 ? name.join('/') : (mediaType ?? '');
      nodes.push(await nodeOf(child, 'child', text, level + 1, beneath));
    }
    for (const { digest: referrer, artifactType } of referrers.items) {
      nodes.push(await nodeOf(referrer, 'referrer', artifactType ?? '', level + 1, beneath));
    }
    const isCut = children.isMore || referrers.isMore || description?.unreadable !== undefined;
    return { digest: of, role, about, nodes, isCut };
  }

  return nodeOf(digest, 'itself', '', 0, new Set());
}

/** The tree, as nested lists. */
export function closureTree(repository: RepositoryId, root: ClosureNode): Html {
  const item = ({ digest, role, about, nodes, isCut }: ClosureNode): Html =>
    html`<li>${role === 'itself' ? html`<code>${digest}</code>` : digestLink({ ...repository, digest })} <span class="quiet">${role}</span> ${about === '' ? undefined : outside(about)}${isCut ? html` <span class="quiet">and more that is not shown</span>` : undefined}${nodes.length === 0 ? undefined : html`<ul>${nodes.map(item)}</ul>`}</li>`;
  return html`<ul class="tree">${item(root)}</ul>
${root.nodes.length === 0 && !root.isCut ? html`<p class="quiet">It stands alone: it lists no other manifest, and nothing refers to it, as far as is known.</p>` : undefined}`;
}
