import { describe, expect, it } from '@jest/globals';
import { forgery, formGuard } from '../../../src/dashboard/form-token.ts';

const url = 'https://audit.example/dashboard/findings/x';

/** A request that brings back the cookie that was set, as browsers do. */
function posted(
  cookie: string,
  more: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' },
) {
  return { headers: new Headers({ cookie, ...more }), url };
}

describe('when a form is guarded', () => {
  const guard = formGuard(new Headers(), 'platform');
  const cookie = `${guard.newCookie?.name}=${guard.newCookie?.value}`;

  it('its cookie can be set by this host alone, over TLS', () => {
    expect(guard.newCookie).toMatchObject({ name: expect.stringMatching(/^__Host-/), secure: true });
    expect(formGuard(new Headers(), 'development').newCookie).toMatchObject({ secure: false });
  });

  it('it is taken from the one it was made for, and from nobody else', () => {
    const token = guard.token('alice');
    expect(forgery(posted(cookie), 'platform', 'alice', token)).toBeUndefined();
    expect(forgery(posted(cookie), 'platform', 'bob', token)).toContain('another sign-in');
    expect(forgery(posted(cookie), 'platform', 'alice', undefined)).toContain('another sign-in');
    expect(forgery(posted(cookie), 'platform', 'alice', `${token}x`)).toContain('another sign-in');
    expect(forgery(posted(''), 'platform', 'alice', token)).toContain('cookie');
    expect(forgery(posted(`${cookie}; ${cookie}`), 'platform', 'alice', token)).toContain('cookie');
    expect(forgery(posted('__Host-acr-audit-forms=short'), 'platform', 'alice', token)).toContain('cookie');
  });

  it('when the browser has the cookie, it keeps it, among others', () => {
    const again = formGuard(new Headers({ cookie: `other=1; ${cookie}` }), 'platform');
    expect(again.newCookie).toBeUndefined();
    expect(again.token('alice')).toBe(guard.token('alice'));
  });

  it.each([
    ['same-origin', undefined, true],
    ['cross-site', 'https://audit.example', false],
    ['same-site', 'https://audit.example', false],
    ['none', 'https://audit.example', false],
    [undefined, 'https://audit.example', true],
    [undefined, 'https://audit.example.evil.example', false],
    [undefined, 'https://evil.example', false],
    [undefined, 'null', false],
    [undefined, undefined, false],
  ])('when a browser says it comes from %s and %s, it is from here: %s', (site, origin, isOurs) => {
    const headers = {
      ...(site === undefined ? {} : { 'sec-fetch-site': site }),
      ...(origin === undefined ? {} : { origin }),
    };
    const told = forgery(posted(cookie, headers), 'platform', 'alice', guard.token('alice'));
    expect(told === undefined).toBe(isOurs);
  });
});
