import type { html } from 'hono/html';

/** Markup that is safe to send: everything put into it was escaped, unless it was markup itself. */
export type Html = ReturnType<typeof html>;

/** What can be put into markup. */
export type Content = Html | string | number | undefined | readonly Content[];
