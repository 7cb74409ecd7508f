import { parseDigest } from '../../src/registry/digest.ts';
import { isRepositoryName, isTag } from '../../src/registry/name.ts';
import { formatReference, parseReference, registryNamed } from '../../src/registry/reference.ts';
import { accepted, hold, refused, type Target } from '../target.ts';
import { references } from '../values.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const alphanumeric = lower + digits;
const letters = lower + lower.toUpperCase();

function isOf(text: string, characters: string): boolean {
  return text !== '' && Array.from(text).every((character) => characters.includes(character));
}

/** A repository's name by the distribution specification, read character by character. */
function isNameBySpecification(text: string): boolean {
  return text.length <= 255 && text.split('/').every(isComponent);
}

/** Letters and digits, between which stand one dot, one or two underscores, or dashes. */
function isComponent(text: string): boolean {
  let run = '';
  let isBegun = false;
  for (const character of text) {
    if (!alphanumeric.includes(character)) {
      run += character;
      continue;
    }
    if (run !== '' && !(isBegun && (run === '.' || run === '_' || run === '__' || isOf(run, '-'))))
      return false;
    run = '';
    isBegun = true;
  }
  return isBegun && run === '';
}

function isTagBySpecification(text: string): boolean {
  return isOf(text, `${letters}${digits}_.-`) && text.length <= 128 && !'.-'.includes(text.charAt(0));
}

function isDigestBySpecification(text: string): boolean {
  const [algorithm, encoded = '', ...others] = text.split(':');
  const length = algorithm === 'sha256' ? 64 : algorithm === 'sha512' ? 128 : -1;
  return others.length === 0 && encoded.length === length && isOf(encoded, `${digits}abcdef`);
}

/** References, names, tags and digests. */
export const reference: Target = {
  name: 'reference',
  form: 'text',
  property:
    'what is taken fits the grammar as it is written out in the specification, prints as itself, and reads the same again',
  made: references,
  words: [
    'contoso.azurecr.io',
    'sha256:',
    'sha512:',
    '@',
    ':',
    '/',
    'docker-pullable://',
    'localhost',
    '[::1]',
    '__',
  ],
  large: {
    letters: (length) => 'a'.repeat(length),
    components: (length) => 'a/'.repeat(length / 2),
    dashes: (length) => `a${'-'.repeat(length)}`,
  },
  check(text) {
    hold(
      isRepositoryName(text) === isNameBySpecification(text),
      'a name of a repository, by one reader only',
    );
    hold(isTag(text) === isTagBySpecification(text), 'a tag, by one reader only');
    hold((parseDigest(text) !== undefined) === isDigestBySpecification(text), 'a digest, by one reader only');
    const reading = parseReference(text);
    if (!reading.ok) {
      hold(reading.problem.length < 300, 'a problem is longer than a line');
      return refused(reading.problem);
    }
    const { registry, repository, tag, digest } = reading.reference;
    hold(isNameBySpecification(repository), 'its repository is none');
    hold(tag === undefined || isTagBySpecification(tag), 'its tag is none');
    hold(digest === undefined || isDigestBySpecification(digest), 'its digest is none');
    hold(registry === undefined || registry === registry.toLowerCase(), 'its registry has capitals');
    const printed = formatReference(reading.reference);
    const again = parseReference(printed);
    hold(again.ok && formatReference(again.reference) === printed, `${printed} does not read as itself`);
    hold(
      again.ok && JSON.stringify(again.reference) === JSON.stringify(reading.reference),
      `${printed} reads as another`,
    );
    hold(printed.length <= text.length, 'it prints longer than it was written');
    if (registry !== undefined) {
      const named = registryNamed(registry);
      hold(registryNamed(named) === named, 'the name of a registry has another name');
    }
    return accepted(Object.keys(reading.reference).join());
  },
};
