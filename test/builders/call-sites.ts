import { setImmediate as turn } from 'node:timers/promises';
import { AuditFault } from '../../src/audit/fault.ts';
import type { RowPage, Table } from '../../src/storage/row.ts';
import type { Chance } from './restless-table.ts';

/**
 * What a dependency does at a call.
 * - `refused`: fails before anything is done, once (503, 429, a broken connection).
 * - `down`: the same, and so do all calls after it, until it is healed.
 * - `lost`: done, and the answer is lost.
 * - `repeated`: done, the answer lost, and done again by a client that retries, which sees the second answer alone.
 * - `slow`: answers after everything else that could go on has, and so do all calls after it.
 * - `short`: a page that ends early, or a list that breaks off in its middle.
 * - `denied`: refuses for good (403), once.
 */
export type FaultKind = 'refused' | 'down' | 'lost' | 'repeated' | 'slow' | 'short' | 'denied';

/** A call that a use case made of something outside it. */
export interface CallSite {
  /** Such as `tables`, `registry`. */
  readonly dependency: string;
  /** The port and the method. */
  readonly call: string;
}

/** What is to happen, at which call: the first is 0. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly at: number;
  readonly chance: Chance;
}

/** How a port is wrapped. */
export interface Wrapping {
  readonly dependency: string;
  readonly name: string;
  /** Methods that answer async iterables: each step of one is a call. */
  readonly lists?: readonly string[];
  /** Methods whose answers must not be asked for twice by themselves, such as those that hold something. */
  readonly once?: readonly string[];
}

/**
 * Stands between use cases and all that is outside them: counts their calls, and has one of them meet a fault. A use case is
 * run once to learn its calls, and then again for each of them.
 */
export interface CallSites {
  /** Calls since {@link CallSites.watch}. */
  readonly calls: readonly CallSite[];
  /** Whether the planned fault has happened. */
  readonly hasMet: boolean;
  /** Begins to count, and to disturb as planned. */
  watch(fault?: PlannedFault): void;
  /** Ends it: everything works from now on. */
  heal(): void;
  table(table: Table, name: string): Table;
  port<T extends object>(port: T, wrapping: Wrapping): T;
}

/** Kinds that go on from the call on. */
const stays: ReadonlySet<FaultKind> = new Set(['down', 'slow']);

/** A fault that passes, as adapters tell it. */
function passing(dependency: string, call: string): AuditFault {
  return new AuditFault(`${dependency}-503`, `no answer to ${call}`, { retryable: true });
}

export function callSites(): CallSites {
  let calls: CallSite[] = [];
  let planned: PlannedFault | undefined;
  let isWatching = false;
  let hasMet = false;

  /** The fault that this call meets. */
  function met(site: CallSite): FaultKind | undefined {
    if (!isWatching) return undefined;
    const place = calls.length;
    calls.push(site);
    if (planned === undefined) return undefined;
    const isIt = place === planned.at || (stays.has(planned.kind) && place > planned.at);
    if (!isIt) return undefined;
    hasMet = true;
    return planned.kind;
  }

  async function between<T>(
    site: CallSite,
    work: () => Promise<T>,
    { shorten, isOnce = false }: { readonly shorten?: () => Promise<T>; readonly isOnce?: boolean } = {},
  ): Promise<T> {
    const fault = met(site);
    switch (fault) {
      case 'refused':
      case 'down':
        await turn();
        throw passing(site.dependency, site.call);
      case 'denied':
        throw new AuditFault(`${site.dependency}-403`, `${site.call} is not allowed`, { retryable: false });
      case 'lost': {
        if (isOnce) throw passing(site.dependency, site.call);
        await work();
        throw passing(site.dependency, site.call);
      }
      case 'repeated':
        if (!isOnce) await work();
        return work();
      case 'slow':
        for (let turns = 0; turns < 20; turns += 1) await turn();
        return work();
      case 'short':
        return shorten === undefined ? work() : shorten();
      case undefined:
        return work();
    }
  }

  async function* list<T>(site: CallSite, items: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]();
    let steps = 0;
    try {
      for (;;) {
        // What breaks off in the middle has told something before.
        const broken = async () => {
          if (steps === 0) return iterator.next();
          throw passing(site.dependency, site.call);
        };
        const next = await between(site, () => iterator.next(), { shorten: broken, isOnce: true });
        steps += 1;
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  async function shortPage(
    table: Table,
    range: Parameters<Table['page']>[0],
    limit: number,
    from: Parameters<Table['page']>[2],
  ): Promise<RowPage> {
    const most = planned?.chance(2) ?? 0;
    if (most > 0) return table.page(range, Math.min(most, limit), from);
    return { rows: [], next: from ?? { partitionKey: range.partitionKey, rowKey: range.from } };
  }

  return {
    get calls() {
      return calls;
    },
    get hasMet() {
      return hasMet;
    },
    watch(fault) {
      calls = [];
      planned = fault;
      isWatching = true;
      hasMet = false;
    },
    heal() {
      isWatching = false;
      planned = undefined;
    },
    table(table, name) {
      const site = (call: string) => ({ dependency: 'tables', call: `${name} ${call}` });
      return {
        get: (...key) => between(site('get'), () => table.get(...key)),
        insert: (row) => between(site('insert'), () => table.insert(row)),
        put: (row) => between(site('put'), () => table.put(row)),
        transact: (operations) => between(site('transact'), () => table.transact(operations)),
        page: (range, limit, from) =>
          between(site('page'), () => table.page(range, limit, from), {
            shorten: () => shortPage(table, range, limit, from),
          }),
      };
    },
    port(port, { dependency, name, lists = [], once = [] }) {
      return new Proxy(port, {
        get(target, key, receiver) {
          const value: unknown = Reflect.get(target, key, receiver);
          if (typeof value !== 'function' || typeof key !== 'string') return value;
          const site = { dependency, call: `${name} ${key}` };
          return (...given: readonly unknown[]) => {
            const call = () => Reflect.apply(value, target, given);
            if (lists.includes(key)) return list(site, call());
            return between(site, async () => call(), { isOnce: once.includes(key) });
          };
        },
      });
    },
  };
}
