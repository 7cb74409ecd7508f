import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { readCompose } from '../../../src/inventory/submitted-compose.ts';
import { submissionFormats } from '../../../src/inventory/submitted-format.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { submit, submitted } from '../../builders/submission.ts';

const format = fc.constantFrom(...submissionFormats);

const image = fc
  .tuple(
    fc.constantFrom('', 'contoso.azurecr.io/', 'localhost:5000/', '[::1]:5000/'),
    fc.stringMatching(/^[a-z0-9]{1,8}(?:-[a-z0-9]{1,8})?(?:\/[a-z0-9]{1,8}(?:[._][a-z0-9]{1,8})?){0,2}$/),
    fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/),
    fc.constantFrom('', `@${digestOf('a')}`, `@${digestOf('b')}`),
  )
  .map(([registry, repository, tag, digest]) => `${registry}${repository}:${tag}${digest}`);

const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);
const images = fc.dictionary(name, image, { minKeys: 1, maxKeys: 8 });
const form = fc.constantFrom<(value: unknown) => string>(
  (value) => JSON.stringify(value),
  (value) => stringify(value),
  (value) => `\uFEFF---\r\n${stringify(value).replaceAll('\n', '\r\n')}`,
);

/** Fragments of documents, so that texts are read further than to their first character. */
const fragment = fc.constantFrom(
  ...['services:', 'images:', 'image: ', 'references: ', 'kind: Kustomization', 'apiVersion: v1', 'name: a'],
  ...[
    '\n',
    '\n  ',
    '\n    ',
    '\n- ',
    '---\n',
    '...\n',
    '\t',
    '\r\n',
    ': ',
    ', ',
    '#',
    '%TAG ',
    '? ',
    '|\n',
    '>-\n',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a ',
    '*a',
    '<<: ',
    '!x ',
    '!!set ',
    '$',
    '\\${',
    '\\${A:-',
    '{{ x }}',
    '\0',
  ],
  ...[
    'contoso.azurecr.io/a:1',
    'app',
    'complete: true',
    '__proto__: ',
    'constructor',
    'repository: ',
    'tag: 1.10',
  ],
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.oneof(fragment, fc.string({ maxLength: 3 })), { maxLength: 40 }).map((parts) => parts.join('')),
);

const awkwardKey = fc.constantFrom(
  ...[
    'services',
    'images',
    'image',
    'repository',
    'tag',
    'references',
    'complete',
    'kind',
    'apiVersion',
    'name',
  ],
  ...['__proto__', 'constructor', 'newTag', 'extends', 'models', 'volumes', 'labels', 'items', 'metadata'],
);
const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.jsonValue({ maxDepth: 0 }), image, fc.constant('Kustomization')),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(awkwardKey, tie('value')), { maxLength: 6 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

describe('readSubmission', () => {
  it('when it is given any text in any format, answers, with the same each time', () => {
    fc.assert(
      fc.property(format, text, (asked, body) => {
        const reading = submit(asked, body);
        expect(submit(asked, body)).toEqual(reading);
        if (!reading.ok) expect(reading.problems.length).toBeGreaterThan(0);
        else if (reading.reading.problems.length > 0) expect(reading.complete).toBe(false);
        readCompose(body);
      }),
      { numRuns: 1_500 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('when it is given any document in any format, answers the same in JSON and in YAML', () => {
    fc.assert(
      fc.property(format, document, (asked, value) => {
        const inJson = JSON.stringify(value);
        // A scalar is one line, which is a list of references by another rule.
        fc.pre(typeof value === 'object');
        expect(submit(asked, `--- ${inJson}`)).toEqual(submit(asked, inJson));
      }),
      { numRuns: 1_000 },
    );
  });

  it('when a Compose file names literal images, claims every one of them', () => {
    fc.assert(
      fc.property(images, form, fc.boolean(), (byName, write, hasReplicas) => {
        const services = Object.entries(byName).map(([service, of]) => [
          service,
          { image: of, ...(hasReplicas && { deploy: { replicas: 0 }, profiles: ['x'] }) },
        ]);
        const { complete, reading } = submitted('compose', write({ services: Object.fromEntries(services) }));
        expect(reading.claims.map((claim) => [claim.workload.name, claim.image])).toEqual(
          Object.entries(byName),
        );
        expect(complete).toBe(true);
      }),
    );
  });

  it('when one of the images is not literal, the others are claimed and the submission is not complete', () => {
    const unknown = fc.constantFrom(
      'app:$TAG',
      `app:\${TAG}`,
      'A B',
      digestOf('id'),
      '',
      '{{ .Values.image }}',
    );
    fc.assert(
      fc.property(
        images,
        unknown,
        fc.constantFrom('compose', 'helm', 'references'),
        form,
        (byName, odd, asked, write) => {
          const all = [...Object.values(byName), odd];
          const bodies = {
            compose: { services: Object.fromEntries(all.map((of, index) => [`s${index}`, { image: of }])) },
            helm: { parts: all.map((of) => ({ image: of })) },
            references: {
              complete: true,
              references: all.map((of) => ({ image: of === '' ? ' ' : of, workload: 'w' })),
            },
          } as const;
          const { complete, reading } = submitted(asked, write(bodies[asked]));
          expect(complete).toBe(false);
          expect(reading.claims.map((claim) => claim.image)).toEqual(Object.values(byName));
        },
      ),
    );
  });

  it('when a list of references names images, claims every one of them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(image, name)), form, (pairs, write) => {
        const references = pairs.map(([of, workload]) => ({ image: of, workload }));
        const { complete, reading } = submitted('references', write({ complete: true, references }));
        expect(reading.claims.map((claim) => [claim.image, claim.workload.name])).toEqual(pairs);
        expect(complete).toBe(true);
      }),
    );
  });

  it('when lines name images, claims every one of them', () => {
    fc.assert(
      fc.property(
        fc.array(image, { minLength: 1 }),
        fc.constantFrom('\n', '\r\n', ' # x\n\n'),
        (lines, end) => {
          const { complete, reading } = submitted('references', lines.join(end));
          expect(reading.claims.map((claim) => claim.image)).toEqual(lines);
          expect(complete).toBe(true);
        },
      ),
    );
  });

  it('when values name literal images in any depth, claims every one of them', () => {
    const path = fc.array(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(image, path, fc.boolean()), { minLength: 1, maxLength: 6 }),
        form,
        (entries, write) => {
          const values = entries.map(([of, keys, isText]) =>
            keys.reduceRight<unknown>(
              (inside, key) => ({ [key]: inside }),
              isText ? { image: of } : inParts(of),
            ),
          );
          const { complete, reading } = submitted('helm', write({ values }));
          expect(reading.claims.map((claim) => claim.image)).toEqual(entries.map(([of]) => of));
          expect(complete).toBe(true);
        },
      ),
    );
  });

  it('when a kustomization names literal images, claims every one of them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, image), { minLength: 1 }), form, (pairs, write) => {
        const entries = pairs.map(([of, literal]) => {
          const { repository, tag, digest } = partsOf(literal);
          return { name: of, newName: repository, newTag: tag, ...(digest !== '' && { digest }) };
        });
        const { complete, reading } = submitted(
          'kustomize',
          write({ kind: 'Kustomization', images: entries }),
        );
        expect(reading.claims.map((claim) => claim.image)).toEqual(pairs.map(([, literal]) => literal));
        expect(complete).toBe(true);
      }),
    );
  });
});

function partsOf(literal: string) {
  const [named = '', digest = ''] = literal.split('@');
  const colon = named.lastIndexOf(':');
  return { repository: named.slice(0, colon), tag: named.slice(colon + 1), digest };
}

function inParts(literal: string) {
  return { main: partsOf(literal) };
}
