import { createHash } from 'node:crypto';
import { icon } from './icon.ts';
import { home } from './links.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** A file that pages load. */
export interface Asset {
  readonly text: string;
  readonly contentType: string;
  /** Changes with the text. */
  readonly version: string;
}

/** The files that pages load, by name. */
export const assets: Readonly<Record<'style.css' | 'script.js' | 'icon.svg', Asset>> = {
  'style.css': assetOf(style, 'text/css; charset=utf-8'),
  'script.js': assetOf(script, 'text/javascript; charset=utf-8'),
  'icon.svg': assetOf(icon, 'image/svg+xml'),
};

function assetOf(text: string, contentType: string): Asset {
  return { text, contentType, version: createHash('sha256').update(text).digest('hex').slice(0, 12) };
}

/** Where a file is loaded from. */
export function assetHref(name: keyof typeof assets): string {
  return `${home}/assets/${name}?v=${assets[name].version}`;
}
