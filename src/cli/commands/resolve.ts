import type { Command } from 'commander';
import { resolution } from '../../api/documents/history.ts';
import type { Acting } from '../command.ts';
import { exitCodes } from '../exit-code.ts';

/** `resolve`: the digest that a tag pointed to. */
export function resolveCommand(program: Command, acting: Acting): void {
  const command = program
    .command('resolve <image>')
    .description(
      'The digest that a tag pointed to, since when and until when; ends with 1 where it pointed to none',
    )
    .option('--at <time>', 'when (RFC 3339); now unless told');
  acting(command, async ({ api, output }, line) => {
    const found = await api.get('resolve', { image: line.operands[0], at: line.text('at') }, resolution);
    const { image, tag, at, digest, since, until, certainty, by } = found;
    const { kind, client, attribution, recordId } = by;
    const who = attribution?.identity ?? client.actor ?? client.userAgent ?? client.address;
    output.record({
      value: found,
      fields: { image, tag, at, digest, since, until, certainty, kind, who, recordId },
    });
    return exitCodes.pass;
  });
}
