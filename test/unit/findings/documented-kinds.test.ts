import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { findingKinds, severities } from '../../../src/findings/kind.ts';

const text = readFileSync('docs/findings.md', 'utf8');
const [, kindsText = ''] = text.split(/^## Kinds$/m);
const sections = new Map(
  kindsText.split(/^### /m).map((section) => {
    const [name = '', ...lines] = section.split('\n');
    return [name, lines.join('\n')] as const;
  }),
);

/** The text with lines joined, as a reader takes it. */
const joined = (lines: string) => lines.replace(/\s+/g, ' ');

describe('when the document of findings is read', () => {
  it('it has a section for each kind, and for no other', () => {
    const [, ...names] = sections.keys();
    expect(names.sort()).toEqual(Object.keys(findingKinds).sort());
  });

  it.each(Object.entries(findingKinds))(
    '%s has its severity, its remedy and what tells it apart',
    (kind, of) => {
      const section = sections.get(kind) ?? '';
      const [line = ''] = /^- Severity: .*$/m.exec(section) ?? [];
      const lesser = 'lesser' in of ? of.lesser : [];
      expect([...line.matchAll(/`(\w+)`/g)].map(([, severity]) => severity)).toEqual([
        of.severity,
        ...lesser,
      ]);
      expect(joined(section)).toContain(`Remedy: ${of.remedy}`);
      const apart =
        of.identity.length === 0 ? 'nothing else' : of.identity.map((name) => `\`${name}\``).join(', ');
      expect(section).toContain(`- Told apart by: ${apart}\n`);
    },
  );

  it('it explains every severity, the most first', () => {
    expect([...text.matchAll(/^\| `(critical|high|medium|low)` /gm)].map(([, severity]) => severity)).toEqual(
      severities,
    );
  });
});
