import { html } from 'hono/html';
import type { RepositoryId } from '../history/fact.ts';
import { formatReference } from '../registry/reference.ts';
import type { Html } from './html.ts';

/** A command that shows in the registry what is told here. */
export interface Command {
  /** What it confirms. */
  readonly about: string;
  readonly text: string;
}

/**
 * The commands that confirm what is told of a digest, and of the tag that points to it.
 * Source: https://learn.microsoft.com/cli/azure/acr/manifest and https://learn.microsoft.com/cli/azure/acr/repository
 */
export function digestCommands(
  { registry, repository, digest }: RepositoryId & { readonly digest: string },
  tags: readonly string[],
): readonly Command[] {
  const name = quoted(registry.split('.')[0] ?? registry);
  const image = quoted(`${repository}@${digest}`);
  const full = quoted(`${registry}/${repository}@${digest}`);
  return [
    { about: 'that it is there, its size and platform', text: `az acr manifest show-metadata ${full}` },
    { about: 'what it lists', text: `az acr manifest show ${full}` },
    {
      about: 'its locks',
      text: `az acr repository show --name ${name} --image ${image} --query changeableAttributes`,
    },
    { about: 'what refers to it', text: `az acr manifest list-referrers ${full}` },
    {
      about: 'which tags point to it',
      text: `az acr repository show-tags --name ${name} --repository ${quoted(repository)} --detail --query "[?digest=='${digest}'].[name,createdTime,lastUpdateTime]" --output table`,
    },
    ...tags.slice(0, 3).map((tag) => ({
      about: `the locks of the tag ${tag}`,
      text: `az acr repository show --name ${name} --image ${quoted(`${repository}:${tag}`)}`,
    })),
  ];
}

/** The commands that confirm what is told of a tag. */
export function tagCommands({
  registry,
  repository,
  tag,
}: RepositoryId & { readonly tag: string }): readonly Command[] {
  const name = quoted(registry.split('.')[0] ?? registry);
  return [
    {
      about: 'what the tag points to now',
      text: `az acr repository show --name ${name} --image ${quoted(`${repository}:${tag}`)}`,
    },
    {
      about: 'the manifest behind it',
      text: `az acr manifest show-metadata ${quoted(formatReference({ registry, repository, tag }))}`,
    },
  ];
}

/** Commands as blocks that can be selected, or copied where there is script. */
export function commandList(commands: readonly Command[]): Html {
  const blocks = commands.map(
    ({ about, text }) =>
      html`<h3>Confirm ${about}</h3><pre class="command" data-about="${about}" tabindex="0"><code>${text}</code></pre>`,
  );
  return html`<div class="commands">${blocks}</div>`;
}

/** An argument for a POSIX shell: as it is where nothing in it means anything there. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
