import { createServer } from 'node:http';
import { timelineOf } from './ordered-rows.ts';

// Answers queries of Table Storage over a tag's timeline of so many pushes, found by key as Azure finds rows: Azurite looks at
// every row of a table. A process of its own. Says in a header how many rows it walked over, those that a filter left out
// with them. Prints its port.

const [pushes = 0] = process.argv.slice(2).map(Number);
const rows = timelineOf('contoso.azurecr.io|team:app', pushes);

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const filter = searchParams.get('$filter') ?? '';
  const bound = (operator: string) => new RegExp(`RowKey ${operator} '([^']*)'`).exec(filter)?.[1] ?? '';
  const isMovesOnly = filter.includes("kind ne 'unchanged'");
  const limit = Number(searchParams.get('$top') ?? 1_000);
  const found: string[] = [];
  let row = rows.firstFrom(searchParams.get('NextRowKey') ?? bound('ge'));
  let walked = 0;
  for (; found.length < limit && rows.isBefore(row, bound('lt')); row += 1) {
    walked += 1;
    if (!isMovesOnly || rows.kind(row) !== 'unchanged') found.push(rows.json(row));
  }
  const isMore = rows.isBefore(row, bound('lt'));
  response.writeHead(200, {
    'content-type': 'application/json;odata=minimalmetadata',
    'x-rows': `${found.length}/${walked}`,
    ...(isMore
      ? { 'x-ms-continuation-NextPartitionKey': 'more', 'x-ms-continuation-NextRowKey': rows.key(row) }
      : {}),
  });
  response.end(`{"value":[${found.join()}]}`);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
