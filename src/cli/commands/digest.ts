import type { Command } from 'commander';
import type * as z from 'zod/mini';
import { evidence } from '../../api/documents/digests.ts';
import { resolution } from '../../api/documents/history.ts';
import type { Acting } from '../command.ts';
import { exitCodes } from '../exit-code.ts';
import type { Section } from '../output.ts';
import { columnsOf, type Row } from '../table.ts';
import { useRow } from './uses.ts';

/** `digest`: everything known of an image. */
export function digestCommand(program: Command, acting: Acting): void {
  const command = program
    .command('digest <image>')
    .description('Everything known of an image: tags, closure, locks, approvals, uses, findings')
    .addHelpText('after', '\nOf a tag, it is about the digest that the tag points to now.');
  acting(command, async ({ api, output }, { operands: [named = ''] }) => {
    const image = named.includes('@')
      ? named
      : (await api.get('resolve', { image: named }, resolution)).image;
    const found = await api.get('digests', { image }, evidence);
    output.record({ value: found, fields: fieldsOf(found), sections: sectionsOf(found) });
    return exitCodes.pass;
  });
}

type Evidence = z.output<typeof evidence>;

function fieldsOf({ locks, usesCoverage, ...found }: Evidence): Row {
  const { image, presence, lastChange, mediaType, artifactType, size, os, architecture, subject } = found;
  return {
    ...{ image, presence, lastChange, mediaType, artifactType, size, subject, unreadable: found.unreadable },
    platform:
      os === undefined ? undefined : [os, architecture].filter((part) => part !== undefined).join('/'),
    locked: lockedText(locks),
    inventory: usesCoverage.complete && usesCoverage.fresh ? 'complete' : 'incomplete',
    cutOff: found.cutOff,
  };
}

function sectionsOf(found: Evidence): readonly Section[] {
  const { children, parents, referrers } = found.closure;
  const relations = [
    ...children.map(({ digest, platform }) => ({
      relation: 'lists',
      digest,
      about: [platform?.os, platform?.architecture, platform?.variant]
        .filter((part) => part !== undefined)
        .join('/'),
    })),
    ...parents.map((digest) => ({ relation: 'is listed by', digest })),
    ...referrers.map(({ digest, artifactType }) => ({
      relation: 'has about it',
      digest,
      about: artifactType,
    })),
  ];
  return [
    {
      title: 'Tags',
      rows: found.tags.map(({ locks, ...tag }) => ({ ...tag, locked: lockedText(locks) })),
      columns: columnsOf(['tag', 'since', 'until', 'locked'], ['lastPush']),
    },
    { title: 'Closure', rows: relations, columns: columnsOf(['relation', 'digest', 'about']) },
    {
      title: 'Approvals',
      rows: found.approvals.map(({ id, environment, state, approver, requestedAt, reason, window }) => ({
        ...{ id, environment, state, approver: approver.name, requestedAt, reason },
        kept: window.open ? 'yes' : 'no',
      })),
      columns: columnsOf(['environment', 'state', 'kept', 'approver', 'requestedAt', 'reason', 'id']),
    },
    {
      title: 'Uses',
      rows: found.uses.map(useRow),
      columns: columnsOf(['workload', 'state', 'certainty', 'environment', 'source'], ['image', 'lastSeen']),
    },
    {
      title: 'Findings',
      rows: found.findings.map(({ id, severity, kind, status, lastSeen }) => ({
        ...{ id, severity, kind, status, lastSeen },
      })),
      columns: columnsOf(['severity', 'kind', 'status', 'lastSeen', 'id']),
    },
  ];
}

function lockedText({ deleteEnabled, writeEnabled }: Evidence['locks']): string {
  if (deleteEnabled && writeEnabled) return 'no';
  return [deleteEnabled ? [] : ['delete'], writeEnabled ? [] : ['write']].flat().join(', ');
}
