import type { StatementPages } from '../audit/statement-pages.ts';
import { readStatement } from '../ledger/recorded-leaf.ts';
import { corrupt, optional, textOf } from './entry-codec.ts';
import { keysUnder, repositoryKey } from './keys.ts';
import { fullPage, type Table } from './row.ts';

const prefix = 'S|';

/** Reads statements from the `repositories` table. */
export function statementPages(repositories: Table): StatementPages {
  return {
    async page(repository, { from, to, after }, limit) {
      const range = {
        partitionKey: repositoryKey(repository),
        ...keysUnder(prefix, {
          ...optional('notAfter', to),
          ...optional('notBefore', from),
          ...optional('after', after === undefined ? undefined : `${prefix}${after}`),
        }),
      };
      const { rows, next } = await fullPage(repositories, range, limit);
      const items = rows.map((row) => {
        const statement = readStatement(textOf(row, 'leaf') ?? '');
        if (statement === undefined) throw corrupt(row);
        return { statement, position: row.rowKey.slice(prefix.length) };
      });
      return { items, ...optional('next', next === undefined ? undefined : items.at(-1)?.position) };
    },
  };
}
