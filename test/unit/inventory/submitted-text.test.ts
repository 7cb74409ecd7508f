import { describe, expect, it } from '@jest/globals';
import { imagesOf, problemsOf, refusalOf, submitted } from '../../builders/submission.ts';

const file = 'services:\n  a:\n    image: contoso.azurecr.io/a:1\n';
const image = 'contoso.azurecr.io/a:1';

describe('the text of a submission', () => {
  it.each([
    ['begins with a byte order mark', `\uFEFF${file}`],
    ['is JSON with a byte order mark', `\uFEFF{"services": {"a": {"image": "${image}"}}}`],
    ['has CRLF', file.replaceAll('\n', '\r\n')],
    ['is JSON with tabs', `{\t"services":\n\t\t{"a": {"image": "${image}"}}}`],
    ['begins with empty lines', `\n\n  \n${file}`],
    ['has a version directive', `%YAML 1.1\n---\n${file}`],
    ['is flow YAML', `{services: {a: {image: "${image}"}},}`],
    ['has comments', `# a\n${file}# b\n`],
    ['ends with a document end', `${file}...\n`],
  ])('when it %s, it is read', (_, text) => {
    expect(submitted('compose', text)).toMatchObject({ complete: true, reading: { claims: [{ image }] } });
  });

  it.each([
    ['a tab for indentation', 'services:\n\ta:\n', /^line 2, column 1: /],
    ['a key twice', `${file}  a:\n    image: b:2\n`, /^line 4, column 3: is the key "a" again/],
    ['a key twice by an escape', '{services: {}, "serv\\u0069ces": {}}', /is the key "services" again/],
    ['a bracket left open', 'services: [a', /^line 1, column 13: /],
    ['a key that is no text', '? {a: 1}\n: 2', /^line 1, column 3: /],
    ['an alias of nothing', 'services: *a', /is an alias of "a"/],
    ['an alias of itself', 'services: &a [*a]', /is an alias of "a"/],
    ['a merge of no mapping', 'services:\n  <<: [1]', /^line 2, column 7: is merged by "<<"/],
    ['a directive without a document', '%TAG !a! tag:x,', /is a directive without a document/],
    ['100,000 brackets', '['.repeat(100_000), /is nested more than 100 deep/],
    ['100,000 mappings', '{"a":'.repeat(100_000), /is nested more than 100 deep/],
    ['100,000 dashes', '- '.repeat(100_000), /is nested more than 100 deep/],
    ['nesting that JSON allows', `${'['.repeat(101)}${']'.repeat(101)}`, /is nested more than 100 deep/],
    ['brackets that close nothing', '}'.repeat(1_000_000), /^line 1, column 1: /],
    ['nothing but commas', `[${','.repeat(1_000_000)}`, /^line 1, column 3: /],
    ['millions of tokens', `a: [${'1,'.repeat(1_300_000)}1]`, /is too much: expected at most 2500000 tokens/],
  ])('when it has %s, it is refused with where that is', (_, text, problem) => {
    const [refusal] = refusalOf('yaml', text);
    expect(refusal).toEqual({ field: '$', problem: expect.stringMatching(problem) });
  });

  it('when one document of several has an error, the others are read', () => {
    const text = `${file}---\na: 1\na: 2\n---\nb: [\n---\nservices: {c: {image: "c:1"}}\n`;
    expect(imagesOf('compose', text)).toEqual([image, 'c:1']);
    expect(problemsOf('compose', text)).toEqual([
      expect.stringMatching(/^line 6, column 1: is the key "a" again/),
      expect.stringMatching(/^line 9, column 1: /),
    ]);
    expect(submitted('compose', text).complete).toBe(false);
  });

  it('when a tag is not known, its value is read, and that is a problem', () => {
    const text = 'services: {a: {image: !override "a:1"}}';
    expect(imagesOf('compose', text)).toEqual(['a:1']);
    expect(problemsOf('compose', text)).toEqual([expect.stringContaining('!override')]);
  });

  it('when there are more than 5,000 documents, the rest is a problem', () => {
    const text = `${file}${'---\n'.repeat(5_000)}`;
    expect(imagesOf('compose', text)).toEqual([image]);
    expect(problemsOf('compose', text)).toEqual([expect.stringContaining('expected at most 5000')]);
  });

  it('when aliases repeat one another to no end, the document is left out', () => {
    const levels = Array.from(
      { length: 30 },
      (_, n) => `x-${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}, *a${n}]`,
    );
    const text = `x-0: &a0 [lol]\n${levels.join('\n')}\n${file}`;
    expect(refusalOf('compose', text)).toEqual([
      {
        field: '$',
        problem: expect.stringContaining('is too much, with what aliases and merge keys repeat'),
      },
    ]);
  });

  it('when merge keys copy a large mapping to no end, the document is left out', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `k${index}: 1`).join(', ');
    const text = `x-a: &a {${keys}}\nservices:\n${'  - {<<: *a}\n'.repeat(1_000)}`;
    expect(refusalOf('compose', text)).toEqual([
      {
        field: '$',
        problem: expect.stringContaining('is too much, with what aliases and merge keys repeat'),
      },
    ]);
  });

  it('when anchors are used again, each alias has the one before it', () => {
    const text =
      'services:\n  a: &s {image: "a:1"}\n  b: *s\n  c: &s {image: "c:1"}\n  d: {<<: *s, profiles: [x]}\n';
    expect(imagesOf('compose', text)).toEqual(['a:1', 'a:1', 'c:1', 'c:1']);
  });

  it('when "<<" is in quotes, it is a key as any other', () => {
    expect(imagesOf('compose', 'services: {a: {image: "a:1", "<<": {image: "b:1"}}}')).toEqual(['a:1']);
  });

  it('when keys are called as what every object has, nothing else changes', () => {
    const text = 'services: {a: {image: "a:1"}}\n__proto__: {image: "b:1", polluted: 1}\n';
    for (const body of [text, '{"services": {"a": {"image": "a:1"}}, "__proto__": {"polluted": 1}}']) {
      expect(imagesOf('compose', body)).toEqual(['a:1']);
      expect(problemsOf('compose', body)).toEqual([expect.stringMatching(/^__proto__: /)]);
    }
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('when there are 20,000 services in several megabytes, all are claimed', () => {
    const pad = 'x'.repeat(120);
    const services = Array.from({ length: 20_000 }, (_, n) => `  s${n}:\n    image: "a:${n}" # ${pad}\n`);
    expect(imagesOf('compose', `services:\n${services.join('')}`)).toHaveLength(20_000);
  });

  it('when JSON has 5 MB, it is read; when YAML has, it is refused', () => {
    const pad = 'x'.repeat(5_000_000);
    expect(imagesOf('compose', JSON.stringify({ 'x-pad': pad, services: { a: { image } } }))).toEqual([
      image,
    ]);
    expect(refusalOf('compose', `x-pad: ${pad}\n${file}`)).toEqual([
      { field: '$', problem: 'the body: is longer than 4194304 characters' },
    ]);
    expect(refusalOf('compose', `{"x-pad": ${pad}`)).toEqual([
      { field: '$', problem: 'the body: is no JSON, and as YAML is longer than 4194304 characters' },
    ]);
  });

  it('when it is longer than the caller allows, it is refused', () => {
    expect(refusalOf('compose', file, { maxYamlLength: 20 })).toEqual([
      { field: '$', problem: 'the body: is longer than 20 characters' },
    ]);
    expect(refusalOf('compose', `{${' '.repeat(50)}}`, { maxYamlLength: 20, maxJsonLength: 30 })).toEqual([
      { field: '$', problem: 'the body: is longer than 30 characters' },
    ]);
  });
});
