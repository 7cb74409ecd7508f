/** Asks the service a question and gives, as text, the `curl` that asks it and a short form of the answer. */
export async function ask(
  service: string,
  number: number,
  question: string,
  route: string,
  query: Readonly<Record<string, string>>,
): Promise<string> {
  const url = `${service}/api/v1/${route}?${new URLSearchParams(query)}`;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const options = Object.entries(query).map(
    ([name, value]) => ` \\\n     --data-urlencode '${name}=${value}'`,
  );
  const answer: unknown = await response.json();
  return [
    '',
    `${number}. ${question}`,
    `   curl -sG ${service}/api/v1/${route}${options.join('')}`,
    ...linesOf(answer).map((line) => `   → ${line}`),
  ].join('\n');
}

function linesOf(answer: unknown): readonly string[] {
  if (!isRecord(answer)) return [JSON.stringify(answer)];
  if (!Array.isArray(answer['items'])) {
    const { digest, since, until, certainty } = answer;
    return [`${digest}, since ${since}${until === undefined ? '' : `, until ${until}`} (${certainty})`];
  }
  return answer['items'].filter(isRecord).map((item) => {
    const client = isRecord(item['client']) ? item['client']['userAgent'] : undefined;
    const what = item['tag'] === undefined ? item['repository'] : `${item['repository']}:${item['tag']}`;
    const who = client === undefined ? '' : ` by ${String(client).slice(0, 40)}`;
    return `${item['occurredAt']} ${what} ${item['kind']} ${item['digest']}${who}`;
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
