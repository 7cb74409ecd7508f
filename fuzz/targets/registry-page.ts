import fc from 'fast-check';
import { catalogShape, type ListShape, listIn, readPage } from '../../src/acr/page-reading.ts';
import { readManifestSeen, readTagSeen } from '../../src/acr/seen-reading.ts';
import { AuditFault } from '../../src/audit/fault.ts';
import { digestForm } from '../../src/registry/form.ts';
import { isClean } from '../outside-json.ts';
import { accepted, hold, holdBounded, refused, type Target } from '../target.ts';
import { asJson, digests, maybe, mostly, repositories, tags, times } from '../values.ts';

const endpoint = 'https://contoso.azurecr.io';
const question = { registry: 'contoso.azurecr.io', doing: 'list tags' };
const digest = `sha256:${'a'.repeat(64)}`;

const shapes: readonly ListShape<unknown>[] = [
  catalogShape,
  listIn<unknown>('team/app', 'tags', readTagSeen),
  listIn<unknown>('team/app', 'manifests', readManifestSeen),
  {
    path: `/v2/team/app/referrers/${digest}`,
    field: 'manifests',
    absences: [],
    readItems: (body) => body.objects('manifests').map((item) => item.required('digest', digestForm)),
  },
];

const attributes = fc.record({
  deleteEnabled: mostly(fc.boolean()),
  writeEnabled: mostly(fc.boolean()),
  readEnabled: mostly(fc.boolean()),
  listEnabled: mostly(fc.boolean()),
});
const items = fc.record({
  name: tags,
  digest: digests,
  createdTime: times,
  lastUpdateTime: times,
  changeableAttributes: mostly(attributes),
  tags: maybe(fc.array(tags, { maxLength: 2 })),
  imageSize: maybe(fc.nat()),
  mediaType: maybe(fc.constant('application/vnd.oci.image.manifest.v1+json')),
});
const bodies = fc.oneof(
  fc.record({ repositories: mostly(fc.array(mostly(repositories), { maxLength: 4 })) }),
  fc.record({
    registry: fc.constant('contoso.azurecr.io'),
    imageName: maybe(fc.constantFrom('team/app', 'team/app', 'team/other')),
    tags: mostly(fc.array(items, { maxLength: 3 })),
  }),
  fc.record({
    imageName: maybe(fc.constant('team/app')),
    manifests: mostly(fc.array(items, { maxLength: 3 })),
  }),
);
const links = fc
  .tuple(
    fc.constantFrom(
      '',
      '',
      endpoint,
      'https://fabrikam.example',
      '//fabrikam.example',
      'http://contoso.azurecr.io',
      `${endpoint}@fabrikam.example`,
    ),
    fc.constantFrom(
      '/acr/v1/_catalog',
      '/acr/v1/team/app/_tags',
      '/acr/v1/team/app/_manifests',
      `/v2/team/app/referrers/${digest}`,
      '/acr/v1/team%2Fapp/_tags',
      '/acr/v1/x/../team/app/_tags',
    ),
    fc.constantFrom('?last=a&n=100', '?n=1', '', '#fragment'),
    fc.constantFrom('; rel="next"', '; rel=next', ';rel="next"; title="x"', '; rel="prev"', ''),
  )
  .map(([host, path, query, relation]) => `<${host}${path}${query}>${relation}`);

/** Lists of a registry, page by page, with the header that names the next. */
export const registryPage: Target = {
  name: 'registry-page',
  form: 'text',
  property:
    'a page is read whole or not at all, by a permanent fault that is clean; the next page is of the same list at the same registry, whatever the header says',
  made: fc
    .tuple(
      fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 3, arbitrary: links }),
      bodies.map(asJson),
    )
    .map((parts) => parts.join('\n')),
  words: [
    '<',
    '>',
    '; rel="next"',
    '//fabrikam.example',
    '/acr/v1/_catalog',
    '/acr/v1/team/app/_tags',
    '..',
    '%2e%2e',
    '%2f',
    '\\',
    '@',
    '\t',
    'repositories',
    'tags',
    'manifests',
    'imageName',
    'changeableAttributes',
  ],
  large: {
    tags: (length) =>
      `\n${asJson({ imageName: 'team/app', tags: Array.from({ length: length / 16 }, () => ({ name: 'a' })) })}`,
    repositories: (length) =>
      `\n${asJson({ repositories: Array.from({ length: length / 6 }, () => 'a/b') })}`,
    link: (length) => `<${'a'.repeat(length)}\n{"repositories":[]}`,
    'link with spaces': (length) => `${' '.repeat(length)}<\n{"repositories":[]}`,
  },
  check(input) {
    const end = input.indexOf('\n');
    const [link, text] = end < 0 ? [undefined, input] : [input.slice(0, end), input.slice(end + 1)];
    const kinds = shapes.map((shape) => kindOf(shape, link === '' ? undefined : link, text));
    const isTaken = kinds.some((kind) => kind.startsWith('page'));
    return isTaken ? accepted(kinds.join()) : refused(kinds.join());
  },
};

function kindOf(shape: ListShape<unknown>, link: string | undefined, text: string): string {
  try {
    const page = readPage({ text, link, contentType: undefined }, shape, question, endpoint);
    hold(isClean(page.items), 'an item has what should not be in it');
    holdBounded(page, text + (link ?? ''), 1_000, 8);
    if (page.next !== undefined) {
      const next = new URL(page.next, endpoint);
      hold(
        next.origin === endpoint && decodeURIComponent(next.pathname) === shape.path,
        `${page.next} is another list`,
      );
      hold(page.next.startsWith('/') && !page.next.startsWith('//'), `${page.next} is no path`);
    }
    return `page ${Math.min(page.items.length, 2)} ${page.next !== undefined}`;
  } catch (error) {
    hold(error instanceof AuditFault && !error.retryable, `it throws ${String(error)}`);
    hold(isClean(error.message) && error.message.length < 50_000, 'a fault has what should not be in it');
    return error.code;
  }
}
