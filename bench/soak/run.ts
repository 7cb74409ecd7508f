import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../../test/builders/synthetic-events.ts';
import { collectEvents } from './collector.ts';
import { type Company, companyOf } from './company.ts';
import { courierTo } from './courier.ts';
import { emptyJournal, readTold } from './journal.ts';
import { verifiedLedger } from './ledger-verdict.ts';
import { locksAsApproved } from './locks.ts';
import type { SoakOutcome } from './outcome.ts';
import type { SoakPlan } from './plan.ts';
import { sampleLine } from './report.ts';
import { type Sample, samplerOf } from './samples.ts';
import { callsOf, type ServiceCalls } from './service-calls.ts';
import { type SoakSetting, startSetting } from './setting.ts';
import { trafficOn } from './traffic.ts';
import { comparedWithTruth } from './truth.ts';

/** What timers begin less often than once a minute, begun every round instead. */
const roundFunctions = [
  'reconcileRegistries',
  'enforceLocks',
  'refreshInventory',
  'assessClaimed',
  'escalateFindings',
  'measureState',
] as const;

/** How long everything may take to settle. */
const patienceMs = 600_000;

/** Runs a soak: starts everything, lets it live, lets it settle, compares, stops everything. */
export async function soak(
  plan: SoakPlan,
  interrupted: AbortSignal,
  say: (text: string) => void,
): Promise<SoakOutcome> {
  const setting = await startSetting();
  try {
    return await soaked(plan, setting, interrupted, say);
  } finally {
    await setting.stop();
  }
}

async function soaked(
  plan: SoakPlan,
  setting: SoakSetting,
  interrupted: AbortSignal,
  say: (text: string) => void,
): Promise<SoakOutcome> {
  const { registry, host } = setting;
  const random = (what: string) => randomFrom(`${plan.seed} ${what}`);
  const journal = emptyJournal();
  const service = callsOf(host.url);
  const courier = courierTo({
    endpoint: `${host.url}/runtime/webhooks/EventGrid?functionName=registryEvents`,
    random: random('deliveries'),
    latestDelivery: plan.latestDelivery,
  });
  const known = new Set<string>();
  const collector = await collectEvents((event) => {
    const told = readTold(event);
    // The registry too may tell an event again, when its connection was lost.
    if (!known.has(told.id)) journal.told.push(told);
    known.add(told.id);
    courier.send(event);
  });
  try {
    await registry.events.subscribe(collector.endpoint);
    const traffic = await trafficOn(registry, journal, random('traffic'), plan);
    const company = companyOf({
      registry,
      traffic,
      service,
      random: random('company'),
      knownAfterMs: (plan.latestDelivery + 5) * 1_000,
    });
    const sampler = samplerOf(setting, courier, service);
    const samples: Sample[] = [];
    const problems = new Map<string, number>();

    const stop = new AbortController();
    const end = () => stop.abort();
    interrupted.addEventListener('abort', end);
    const hostEnded = host.ended.then(() => {
      if (!stop.signal.aborted) say('The host ended.');
      end();
      return true;
    });
    const timer = setTimeout(end, plan.minutes * 60_000);
    const began = performance.now();
    const every = repeater(stop.signal, problems);
    const sample = async () => {
      const taken = await sampler.take();
      samples.push(taken);
      say(sampleLine(taken));
    };
    const roundMs = plan.roundEvery * 1_000;
    await Promise.all([
      traffic.run(stop.signal).finally(end),
      every(plan.sampleEvery * 1_000, sample),
      // Apart, as the schedules of what is deployed are.
      ...roundFunctions.map((name, place) =>
        every(roundMs, () => service.run(name), (roundMs * (place + 1)) / roundFunctions.length),
      ),
      ...companions(company, every),
    ]);
    clearTimeout(timer);
    interrupted.removeEventListener('abort', end);
    const seconds = (performance.now() - began) / 1000;

    say('The traffic has ended; what is under way is waited for.');
    await registry.events.settled();
    await courier.settled();
    const settled = await settle(service, sampler, say);
    say('Comparing with the registry and the journal.');
    const differences = await comparedWithTruth(
      setting,
      service,
      journal,
      traffic.repositories,
      random('asked'),
    );
    const locks = await locksAsApproved(setting, service);
    say('Verifying the ledger and its rows.');
    const ledger = await verifiedLedger(setting, service);
    const { registries, deadLetters, unattributed } = await service.status();
    const rejected = registries.reduce((sum, one) => sum + one.rejected, 0) + unattributed.rejected;
    return {
      plan,
      seconds,
      journal,
      deliveries: courier.counts(),
      samples,
      company: new Map([...company.counts, ...problems]),
      warnings: host.warnings,
      hostEnded: await Promise.race([hostEnded, pause(0, false)]),
      rejected: rejected + deadLetters.waiting + deadLetters.quarantined,
      ...settled,
      differences,
      locks,
      ledger,
    };
  } finally {
    courier.close();
    await collector.close();
  }
}

type Every = (ms: number, work: () => Promise<void>, firstMs?: number) => Promise<void>;

/** Does work again and again, never twice at once, the first time after as long as between two unless told otherwise. What fails is counted and done again at its next time. */
function repeater(stop: AbortSignal, problems: Map<string, number>): Every {
  return async (ms, work, firstMs = ms) => {
    for (let wait = firstMs; ; wait = ms) {
      await pause(wait, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return;
      await work().catch((error: unknown) => {
        const what = `failed: ${error instanceof Error ? error.message : String(error)}`;
        problems.set(what, (problems.get(what) ?? 0) + 1);
      });
    }
  };
}

function companions(company: Company, every: Every): readonly Promise<void>[] {
  return [
    every(5_000, company.approve),
    every(3_000, company.attack),
    every(15_000, company.submit),
    every(1_000, company.read),
  ];
}

/**
 * Has everything compared, enforced and sealed once more, and waits until nothing waits; how much still does in the end, and how much is to be taken back.
 * What a comparison finds is only known when it is over, so the locks are enforced after it, and the log sealed last.
 */
async function settle(
  service: ServiceCalls,
  { queueLengths, waitingForSeal }: ReturnType<typeof samplerOf>,
  say: (text: string) => void,
): Promise<Pick<SoakOutcome, 'left' | 'abandoned'>> {
  const deadline = Date.now() + patienceMs;
  const queued = async () => Object.values(await queueLengths()).reduce((sum, count) => sum + count, 0);
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo()) && Date.now() < deadline) await pause(200);
  };
  const drained = () => until(async () => (await queued()) === 0);
  const lastRound = async () =>
    JSON.stringify((await service.status()).registries.map((one) => one.lastRound));
  say('Waiting for queues.');
  await drained();
  const before = await lastRound();
  say('Comparing the registry.');
  await service.run('reconcileRegistries');
  await until(async () => (await lastRound()) !== before);
  await drained();
  say('Enforcing locks.');
  await service.run('enforceLocks');
  // It asks for its work by messages, which come a little later.
  await pause(2_000);
  await drained();
  say('Sealing.');
  await service.run('sealLedger');
  await until(async () => (await waitingForSeal()).recorded === 0);
  const { recorded, abandoned } = await waitingForSeal();
  return { left: (await queued()) + recorded, abandoned };
}
