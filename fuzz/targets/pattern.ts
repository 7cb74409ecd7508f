import fc from 'fast-check';
import { maxPatternLength, readPattern } from '../../src/registry/pattern.ts';
import { isClean } from '../outside-json.ts';
import { accepted, hold, refused, type Target } from '../target.ts';

const { pattern: regex } = fc.letrec((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', 'v', '\\.'),
    fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map((parts) => `(?:${parts.join('|')})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{0,3}', '{2}'))
      .map(([inner, times]) => `(?:${inner})${times}`),
  ),
}));

/** Syntax that means the same to RE2 and to JavaScript. */
const shared = /^(?:[abv]|\\[d.]|\[\^?ab?\]|\.|\(\?:|\)|\||[*+?]|\{0,3\}|\{2\})*$/;

const samples = [
  '',
  'a',
  'b',
  'ab',
  'ba',
  'aab',
  'v1',
  'abab',
  'aaaaaaaaaaaaaaaaaaaa',
  'ab\n',
  '\nab',
  'v.1',
];

/** Regular expressions of policies, holds and retention rules. */
export const pattern: Target = {
  name: 'pattern',
  form: 'text',
  property:
    'a pattern matches whole texts alone, as JavaScript reads it where both syntaxes are the same; what cannot be compiled is refused',
  made: fc.oneof(
    regex.map(String),
    fc.string({ maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...'()[]{}*+?|\\^$.abA1,-:=!<>P'), maxLength: 40 }),
  ),
  words: [
    '(?:',
    '(?i)',
    '(?=',
    '(?<n>',
    '\\p{L}',
    '\\pN',
    '\\Q',
    '\\E',
    '[[:alpha:]]',
    '{1000}',
    '{1,}',
    '{,1}',
    '\\x{10FFFF}',
    '\\b',
    '\\C',
    '(?s-i:',
    '^',
    '$',
    '\\z',
  ],
  large: {
    parentheses: (length) => '('.repeat(length),
    'nested repetitions': (length) => `${'('.repeat(60)}a${'{9})'.repeat(60)}`.slice(0, length),
    'stars on a long text': (length) => `${'(a*)*'.repeat(40)}\0${'a'.repeat(length)}`,
    'choices on a long text': (length) => `${'(a|b|ab)*'.repeat(25)}c\0${'ab'.repeat(length / 2)}`,
  },
  check(input) {
    // What follows a NUL is matched.
    const [text = '', candidate = input] = input.split('\0', 2);
    const reading = readPattern(text);
    if (!reading.ok) {
      hold(isClean(reading.problem) && reading.problem.length < 600, 'a problem is no line');
      return refused(reading.problem.replace(/".*/s, ''));
    }
    hold(text.length <= maxPatternLength && reading.pattern.text === text, 'a pattern is another');
    const whole = shared.test(text) ? new RegExp(`^(?:${text})$`) : undefined;
    for (const sample of samples) {
      const matches = reading.pattern.matches(sample);
      // Where there are many ways to match, JavaScript tries them all.
      hold(
        whole === undefined || sample.length > 6 || whole.test(sample) === matches,
        `${JSON.stringify(sample)} is matched differently`,
      );
    }
    return accepted(String(reading.pattern.matches(candidate)));
  },
};
