import fc from 'fast-check';

const hex = '0123456789abcdef';

function textOf(characters: string, minLength: number, maxLength: number) {
  return fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
}

/** Digests, now and then of the other algorithm. */
export const digests = fc.oneof(
  { weight: 9, arbitrary: textOf(hex, 64, 64).map((digits) => `sha256:${digits}`) },
  { weight: 1, arbitrary: textOf(hex, 128, 128).map((digits) => `sha512:${digits}`) },
);

const component = fc
  .tuple(
    textOf('abcdefxyz0189', 1, 8),
    fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), textOf('abcz09', 1, 5)), { maxLength: 2 }),
  )
  .map(([first, others]) => first + others.flat().join(''));

/** Names of repositories. */
export const repositories = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('team/app', 'team/api', 'tools/scan') },
  {
    weight: 3,
    arbitrary: fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  },
);

export const tags = fc.oneof(
  fc.constantFrom('1.4.2', 'latest', 'v1.2.3', 'prod'),
  fc.tuple(textOf('abzAZ09_', 1, 1), textOf('abzAZ09_.-', 0, 20)).map(([first, others]) => first + others),
);

/** Hosts of registries, with the spellings that name the same one. */
export const registries = fc.constantFrom(
  'contoso.azurecr.io',
  'Contoso.AzureCR.io',
  'contoso.azurecr.io:443',
  'contoso.westeurope.geo.azurecr.io',
  'fabrikam.azurecr.cn',
  'localhost',
  'localhost:5000',
  '[::1]:5000',
  '10.0.0.4:80',
  'REGISTRY',
);

/** References to images in every form. */
export const references = fc
  .tuple(
    fc.option(registries, { freq: 4 }),
    repositories,
    fc.option(tags, { freq: 3 }),
    fc.option(digests, { freq: 2 }),
    fc.constantFrom('', '', '', '', 'docker-pullable://', 'oci://', 'https://', 'docker://docker://'),
  )
  .map(
    ([registry, repository, tag, digest, prefix]) =>
      prefix +
      (registry === null ? '' : `${registry}/`) +
      repository +
      (tag === null ? '' : `:${tag}`) +
      (digest === null ? '' : `@${digest}`),
  );

/** Times as RFC 3339, with offsets and fractions of every length. */
export const times = fc
  .tuple(
    fc.date({ min: new Date(0), max: new Date(Date.UTC(2100, 0, 1)), noInvalidDate: true }),
    fc.constantFrom('Z', 'Z', 'z', '+00:00', '-05:30', '+14:00'),
    textOf('0123456789', 0, 9),
  )
  .map(([date, zone, fraction]) => {
    const seconds = date.toISOString().slice(0, 19);
    return `${seconds}${fraction === '' ? '' : `.${fraction}`}${zone}`;
  });

/** Times as this project writes them. */
export const ownTimes = fc
  .date({ min: new Date(0), max: new Date(Date.UTC(2100, 0, 1)), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Texts that somebody else chose: plain, of every script, and with what should not be in them. */
export const outsideTexts = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    'docker/27.3.1 go/go1.22.7 os/linux arch/amd64',
    '<script>alert(1)</script>',
    '=HYPERLINK("https://fabrikam.example","open")',
    '\u202egpj.exe',
    '\u001b[31mred\u001b[0m',
    "' or 1 eq 1",
    '',
  ),
);

/** JSON of nothing in particular. */
export const anyJson = fc.jsonValue({ maxDepth: 4 });

/** An object without the fields that are `undefined`, as JSON. */
export function asJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** The arbitrary, or now and then whatever else. */
export function mostly<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 30, arbitrary: arbitrary as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: anyJson },
  );
}

/** The arbitrary, or nothing. */
export function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 3, arbitrary: mostly(arbitrary) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}
