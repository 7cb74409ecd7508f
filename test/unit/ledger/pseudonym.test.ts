import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  keyIdOf,
  type PrivacyKey,
  payloadWithout,
  privacyKey,
  pseudonymOf,
  readPrivacyKey,
  withoutPersonalTexts,
} from '../../../src/ledger/pseudonym.ts';
import { attributionOf } from '../../builders/attributions.ts';
import { fact, recordOf } from '../../builders/facts.ts';
import { digestOf } from '../../builders/registry-event.ts';

function keyOf(byte: number): PrivacyKey {
  const key = privacyKey(new Uint8Array(32).fill(byte));
  if (key === undefined) throw new Error('no key');
  return key;
}

const [key, otherKey] = [keyOf(7), keyOf(8)];
const both = { hashAddresses: true, hashActors: true };
const form = /^hmac:[0-9a-f]{8}:[A-Za-z0-9_-]{22}$/;

describe('a pseudonym', () => {
  it.each([
    ['address', '203.0.113.7', '203.0.113.7'],
    ['address', '[2001:0DB8::0:1]:443', '2001:db8::1'],
    ['actor', ' Jürgen@Contoso.com', 'jürgen@contoso.com'],
  ] as const)('of the %s %j is the HMAC that anybody with the key can compute', (kind, text, plain) => {
    const code = createHmac('sha256', Buffer.alloc(32, 7)).update(`${kind}\n${plain}`).digest();
    const expected = `hmac:${key.id}:${code.subarray(0, 16).toString('base64url')}`;
    expect(pseudonymOf(kind, text, key)).toBe(expected);
  });

  it('when anything is given, is of one form, the same each time, and another by another key or of another kind', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const made = pseudonymOf('actor', text, key);
        expect(made).toMatch(form);
        expect(pseudonymOf('actor', text, key)).toBe(made);
        expect(keyIdOf(made)).toBe(key.id);
        expect(pseudonymOf('actor', text, otherKey)).not.toBe(made);
        expect(pseudonymOf('address', text, key)).not.toBe(made);
        expect(pseudonymOf('actor', made, key)).not.toBe(made);
      }),
    );
  });

  it('when two texts differ in more than letter case, differs', () => {
    const plain = fc.stringMatching(/^[a-z0-9@.-]{1,40}$/);
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        expect(pseudonymOf('actor', one, key) === pseudonymOf('actor', other, key)).toBe(one === other);
      }),
    );
  });

  it.each([
    ['203.0.113.7', '203.0.113.7:50123'],
    ['2001:db8::1', '[2001:db8::1]:443'],
    ['2001:db8::1', '[2001:db8::1]'],
    ['2001:db8::1', '2001:0DB8:0:0:0:0:0:1'],
    ['build.contoso.example', ' Build.contoso.example:8080 '],
  ])('when the address %s comes as %s, is the same', (one, other) => {
    expect(pseudonymOf('address', other, key)).toBe(pseudonymOf('address', one, key));
  });

  it.each([
    ['203.0.113.7', '203.0.113.8'],
    ['2001:db8::1', '2001:db8::1:443'],
    ['203.0.113.7:99999999', '203.0.113.7'],
    ['2001:db8::1', 'by [2001:db8::1]:443'],
    ['2001:db8::1', '[2001:db8::1]:443, 203.0.113.7'],
    ['os', 'a:b@host/'],
    ['os', 'kim:secret@host/a'],
  ])('when addresses are %s and %s, differs', (one, other) => {
    expect(pseudonymOf('address', other, key)).not.toBe(pseudonymOf('address', one, key));
  });

  it('of an actor has all of the text, though it looks like one with a port', () => {
    expect(pseudonymOf('actor', 'team:4711', key)).not.toBe(pseudonymOf('actor', 'team', key));
  });

  it.each([
    '',
    'hmac:',
    'hmac:0123456:AAAAAAAAAAAAAAAAAAAAAA',
    `${'hmac:01234567:AAAAAAAAAAAAAAAAAAAAAA'}\n`,
    'by hmac:01234567:AAAAAAAAAAAAAAAAAAAAAA',
    'kim',
  ])('when a text is %j, is none', (text) => {
    expect(keyIdOf(text)).toBeUndefined();
  });
});

describe('the key of pseudonyms', () => {
  it.each([
    ['padded', Buffer.alloc(32, 250).toString('base64')],
    ['for URLs', Buffer.alloc(32, 250).toString('base64url')],
    ['with a line feed', `${Buffer.alloc(64, 250).toString('base64')}\r\n`],
  ])('when its text is Base64 %s, is read as those bytes', (_, text) => {
    expect(readPrivacyKey(text)).toEqual(privacyKey(new Uint8Array(Buffer.from(text, 'base64'))));
    expect(readPrivacyKey(text)?.secret[0]).toBe(250);
  });

  it.each([
    '',
    'x',
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(1_025).toString('base64'),
    'ü'.repeat(50),
    `the key: ${Buffer.alloc(32).toString('base64')}`,
    `${Buffer.alloc(32).toString('base64')} until June`,
  ])('when its text is %j, is none', (text) => {
    expect(readPrivacyKey(text)).toBeUndefined();
  });

  it('its id tells nothing that the pseudonyms are made of', () => {
    const code = createHmac('sha256', key.secret).update('').digest('hex');
    expect(code).not.toContain(key.id);
    expect(key.id).not.toBe(otherKey.id);
  });

  it.each([
    [31, false],
    [32, true],
    [1_024, true],
    [1_025, false],
  ])('when it has %i bytes, is one: %j', (length, isKey) => {
    expect(privacyKey(new Uint8Array(length)) !== undefined).toBe(isKey);
  });

  it('has an id that anybody with the key can compute', () => {
    const digest = createHash('sha256')
      .update('acr-audit privacy key\n')
      .update(Buffer.alloc(32, 7))
      .digest('hex');
    expect(key.id).toBe(digest.slice(0, 8));
  });
});

describe('a record without personal texts', () => {
  const client = { address: '203.0.113.7:50123', actor: 'kim', userAgent: 'docker/27' };
  const pushed = fact('push', 0, { digest: digestOf('one'), tag: 'v1', client });
  const record = recordOf({ ...pushed, attribution: attributionOf(pushed) });

  it('has pseudonyms of who and where, and everything else as it was', () => {
    const made = withoutPersonalTexts(record, both, key);
    expect(made.fact.client).toEqual({
      address: pseudonymOf('address', '203.0.113.7', key),
      actor: pseudonymOf('actor', 'kim', key),
      userAgent: 'docker/27',
    });
    expect(made.fact.attribution).toEqual({
      ...record.fact.attribution,
      identity: pseudonymOf('actor', 'push@contoso.com', key),
      address: made.fact.client.address,
    });
    expect({ ...made.fact, client, attribution: record.fact.attribution }).toEqual(record.fact);
  });

  it('when only one of them is wanted, keeps the other', () => {
    const addresses = withoutPersonalTexts(record, { hashAddresses: true, hashActors: false }, key);
    expect(addresses.fact.client).toMatchObject({ address: expect.stringMatching(form), actor: 'kim' });
    const actors = withoutPersonalTexts(record, { hashAddresses: false, hashActors: true }, key);
    expect(actors.fact.client).toMatchObject({ ...client, actor: expect.stringMatching(form) });
    expect(withoutPersonalTexts(record, { hashAddresses: false, hashActors: false }, key)).toEqual(record);
  });

  it('when neither the client nor the log says who it was, makes nothing up', () => {
    const unnamed = fact('push', 0, { digest: digestOf('one') });
    const { identity: _, address: __, ...attribution } = attributionOf(unnamed);
    for (const silent of [recordOf(unnamed), recordOf({ ...unnamed, attribution })]) {
      expect(withoutPersonalTexts(silent, both, key)).toStrictEqual(silent);
    }
  });
});

describe('rejected input without personal texts', () => {
  const event = {
    id: 'x',
    data: { request: { addr: '203.0.113.7', host: 'h' }, actor: { name: 'kim', x: 1 } },
  };

  it.each([
    ['an event', event],
    ['a list of them', [event]],
    ['an event whose data is a text', { ...event, data: JSON.stringify(event.data) }],
    ['an actor by name alone', { addr: '203.0.113.7', actor: 'kim' }],
  ])('when it is %s, has pseudonyms', (_, input) => {
    const made = payloadWithout(JSON.stringify(input), both, key);
    expect(made).not.toMatch(/203\.0\.113\.7|kim/);
    expect(made).toContain(pseudonymOf('address', '203.0.113.7', key));
    expect(made).toContain(pseudonymOf('actor', 'kim', key));
  });

  it('when only one of them is wanted, keeps the other', () => {
    const made = (hashAddresses: boolean, hashActors: boolean) =>
      JSON.parse(payloadWithout(JSON.stringify(event.data), { hashAddresses, hashActors }, key));
    const address = { request: { addr: pseudonymOf('address', '203.0.113.7', key), host: 'h' } };
    const actor = { actor: { name: pseudonymOf('actor', 'kim', key), x: 1 } };
    expect(made(true, false)).toEqual({ ...event.data, ...address });
    expect(made(false, true)).toEqual({ ...event.data, ...actor });
    expect(made(false, false)).toEqual(event.data);
  });

  it.each([
    { actor: null },
    { actor: 7 },
    { actor: { id: 'kim' } },
    { actor: { name: 7 } },
    { addr: 7 },
    { data: 7 },
    { other: 'data' },
  ])('when it names nobody, as %j, is as it was', (input) => {
    expect(JSON.parse(payloadWithout(JSON.stringify(input), both, key))).toEqual(input);
  });

  it('when it is no JSON, is withheld', () => {
    expect(payloadWithout('{"addr":"203.0.113.7"', both, key)).toBe(
      'withheld: 21 characters that are no JSON',
    );
  });

  it('when it is any JSON at all, is JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => JSON.parse(payloadWithout(text, both, key))).not.toThrow();
      }),
    );
  });
});
