import type { HttpResponseInit } from '@azure/functions';
import { assets } from './asset-text.ts';
import { assetHeaders } from './security-headers.ts';

/** The answer to a request for a file that pages load. Anybody may have it: the page that says who may not has to look like one. */
export function assetAnswer(name: string): HttpResponseInit {
  const found = Object.entries(assets).find(([known]) => known === name)?.[1];
  if (found === undefined) return { status: 404, headers: { 'cache-control': 'no-store' } };
  return { headers: { ...assetHeaders, 'content-type': found.contentType }, body: found.text };
}
