/** Headers of whatever this app serves to browsers. */
const everywhere = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  // With none, browsers would not name the origin of our own forms either.
  'referrer-policy': 'same-origin',
} as const;

/**
 * Headers of pages: nothing but our own stylesheet, script and icon is loaded, nothing is inline, nobody frames us. Source:
 * https://www.w3.org/TR/CSP3/
 */
export const pageHeaders = {
  ...everywhere,
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

/** Headers of the stylesheet, script and icon: their address changes with their content. */
export const assetHeaders = {
  ...everywhere,
  'cache-control': 'public, max-age=31536000, immutable',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;
