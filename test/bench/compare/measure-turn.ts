import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { driveLeads, toPhonesPerSecond, toPostToInviteMs, untilInvited, type LeadDriver } from '../drive-leads.ts';
import { percentile } from '../figures.ts';
import { startSystem, type System } from '../start-system.ts';
import type { Tree } from '../tree.ts';
import type { Sizes } from './arguments.ts';
import { countWork, minusWork, type Work } from './count-work.ts';
import type { Figures } from './figure-list.ts';
import { readResidentMb } from './read-proc.ts';
import type { Ground } from './start-ground.ts';
import { tapWire } from './tap-wire.ts';
import { toProductMs, watchCpu, type CpuMs, type CpuWatch } from './watch-cpu.ts';

/** One revision's figures of one turn. Those of `cpuMs` and `statements` are a call. */
export type Turn = {
  figures: Figures;
  /** What was seen of it within the waits. */
  seen: {
    pacedSent: number;
    pacedDialled: number;
    burstSent: number;
    burstDialled: number;
    burstEnded: number;
    burstPutBack: number;
  };
  cpuMs: Record<string, number>;
  statements: Record<string, number>;
};

export const fourServices = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher'] as const;

const pacedPerSecond = 10;
/** The simulated agent comes so long after its dispatch (packages/simulator, `comesAfterMs`), in every revision. */
const agentComesAfterMs = 100;
/** Until backends have told Postgres' statistics what they did. */
const statisticsMs = 11_000;
const tappedLeads = 50;
const waitMs = { warmUp: 120_000, paced: 60_000, burst: 300_000 };

/** A revision's whole system from its start: warm-up, a pace, a burst, rest, memory, and the dispatcher behind a wire tap. */
export async function measureTurn(
  tree: Tree,
  ground: Ground,
  sizes: Sizes,
  say: (line: string) => void,
): Promise<Turn> {
  const system = await startSystem(tree, ground, {
    folder: ground.folder,
    services: [...fourServices, 'dashboard'],
  });
  const leads = driveLeads(system);
  const cpu = watchCpu(ground, system);
  try {
    await warmUp(system, ground, leads, sizes.warmUp);
    say(`${tree.name}: ${sizes.paced} leads, ${pacedPerSecond} a second`);
    const paced = await measurePace(system, ground, leads, sizes.paced);
    await wait(statisticsMs);
    say(`${tree.name}: a burst of ${sizes.leads}`);
    const burst = await measureBurst({ system, ground, leads, cpu, count: sizes.leads });
    say(`${tree.name}: ${burst.dialled} of ${sizes.leads} dialled in time; at rest`);
    await wait(statisticsMs);
    const rest = await measureRest(ground, cpu, sizes.restSeconds);
    const resident = readResident(system);
    const underLock = await measureLock(system, ground, leads);
    return {
      figures: {
        ...burst.figures,
        ...rest,
        ...underLock,
        postToInviteMs: paced.p50 - agentComesAfterMs,
        residentMb: Object.values(resident).reduce((sum, mb) => sum + mb, 0),
        dispatcherMb: resident.dispatcher,
      },
      seen: {
        pacedSent: sizes.paced,
        pacedDialled: paced.dialled,
        burstSent: sizes.leads,
        burstDialled: burst.dialled,
        burstEnded: burst.ended,
        burstPutBack: burst.putBack,
      },
      cpuMs: burst.cpuMs,
      statements: burst.statements,
    };
  } finally {
    cpu.stop();
    await system.stop();
  }
}

/** A burst in a database that holds much, without the dashboard: what a claim and its permit cost there. */
export async function measureGrown(
  tree: Tree,
  ground: Ground,
  sizes: Sizes,
): Promise<Pick<Figures, 'dispatcherCpuMs' | 'dispatcherBlocks'>> {
  const system = await startSystem(tree, ground, { folder: ground.folder, services: fourServices });
  const leads = driveLeads(system);
  const cpu = watchCpu(ground, system);
  try {
    await warmUp(system, ground, leads, sizes.warmUp);
    await wait(statisticsMs);
    const { figures } = await measureBurst({ system, ground, leads, cpu, count: sizes.leads });
    return { dispatcherCpuMs: figures.dispatcherCpuMs, dispatcherBlocks: figures.dispatcherBlocks };
  } finally {
    cpu.stop();
    await system.stop();
  }
}

async function warmUp(system: System, ground: Ground, leads: LeadDriver, count: number): Promise<void> {
  const first = await lastCallId(ground);
  await untilInvited(system.phoneLog, await leads.burst(count), waitMs.warmUp);
  await untilEnded(ground, first, count, waitMs.warmUp);
}

async function measurePace(
  system: System,
  ground: Ground,
  leads: LeadDriver,
  count: number,
): Promise<{ p50: number; dialled: number }> {
  const first = await lastCallId(ground);
  const sent = await leads.paced(count, pacedPerSecond);
  const invites = await untilInvited(system.phoneLog, sent, waitMs.paced);
  await untilEnded(ground, first, count, waitMs.paced);
  return { p50: percentile(toPostToInviteMs(sent, invites), 0.5), dialled: invites.size };
}

type BurstFigures =
  | 'productCpuMs'
  | 'phonesPerSecond'
  | 'statements'
  | 'commits'
  | 'fsyncs'
  | 'walKb'
  | 'natsIn'
  | 'natsOut'
  | 'natsStored'
  | 'dispatcherCpuMs'
  | 'dispatcherBlocks';

/** All a call, divided by the calls that ended within the wait: whatever did not end has cost something, too. */
async function measureBurst(options: {
  system: System;
  ground: Ground;
  leads: LeadDriver;
  cpu: CpuWatch;
  count: number;
}): Promise<{
  figures: Pick<Figures, BurstFigures>;
  dialled: number;
  ended: number;
  putBack: number;
  cpuMs: CpuMs;
  statements: Record<string, number>;
}> {
  const { system, ground, leads, cpu, count } = options;
  const first = await lastCallId(ground);
  const [workBefore, cpuBefore] = [await countWork(ground), cpu.read()];
  const sent = await leads.burst(count);
  const { ended, putBack } = await untilEnded(ground, first, count, waitMs.burst);
  const spent = toDifference(cpu.read(), cpuBefore);
  const work: Work = minusWork(await countWork(ground), workBefore);
  const invites = await untilInvited(system.phoneLog, sent, 0);
  const each = (total: number): number => total / ended;
  const statements = Object.fromEntries(
    Object.entries(work.statements).map(([role, { count: sum }]) => [role, each(sum)]),
  );
  const cpuMs = Object.fromEntries(Object.entries(spent).map(([name, ms]) => [name, each(ms)]));
  return {
    figures: {
      productCpuMs: each(toProductMs(spent)),
      phonesPerSecond: toPhonesPerSecond(sent, invites),
      statements: Object.values(statements).reduce((sum, statement) => sum + statement, 0),
      commits: each(work.commits),
      fsyncs: each(work.fsyncs),
      walKb: each(work.walBytes) / 1_024,
      natsIn: each(work.natsIn),
      natsOut: each(work.natsOut),
      natsStored: each(work.natsStored),
      dispatcherCpuMs: (cpuMs['dispatcher'] ?? Number.NaN) + (cpuMs['postgres dispatcher'] ?? Number.NaN),
      dispatcherBlocks: each(work.statements['dispatcher']?.blocks ?? Number.NaN),
    },
    dialled: invites.size,
    ended,
    putBack,
    cpuMs,
    statements,
  };
}

async function measureRest(
  ground: Ground,
  cpu: CpuWatch,
  seconds: number,
): Promise<Pick<Figures, 'restCommitsPerSecond' | 'restCpuSecondsPerMinute'>> {
  const [workBefore, cpuBefore] = [await countWork(ground), cpu.read()];
  await wait(seconds * 1_000);
  const spent = toDifference(cpu.read(), cpuBefore);
  const work = minusWork(await countWork(ground), workBefore);
  const node = [...fourServices, 'dashboard'].reduce((sum, name) => sum + (spent[name] ?? Number.NaN), 0);
  return {
    restCommitsPerSecond: work.commits / seconds,
    restCpuSecondsPerMinute: (node / 1_000 / seconds) * 60,
  };
}

function readResident(system: System): Record<(typeof fourServices)[number], number> {
  const running = system.processes();
  const read = (service: string): number =>
    readResidentMb(readFileSync(`/proc/${running[service]?.pid}/status`, 'utf8'));
  return {
    ingest: read('ingest'),
    dispatcher: read('dispatcher'),
    'call-tracker': read('call-tracker'),
    'crm-pusher': read('crm-pusher'),
  };
}

/**
 * The dispatcher alone goes through a wire tap, in a part of its own: the tap costs time that the other figures must not
 * pay. Leads come at the pace, one by one, so that groups don't hide what one call takes; then in a burst, where they may.
 * Every transaction that takes the lock counts, those that find nothing due as well.
 */
async function measureLock(
  system: System,
  ground: Ground,
  leads: LeadDriver,
): Promise<Pick<Figures, 'lockRoundTrips' | 'lockRoundTripsInBurst' | 'lockHeldMs' | 'dispatcherRoundTrips'>> {
  const direct = ground.servers('dispatcher').databaseUrl;
  const tap = await tapWire(direct);
  try {
    await system.restartDispatcher({ DATABASE_URL: tap.urlOf(direct) });
    await warmUp(system, ground, leads, 10);
    tap.take();
    const { dialled } = await measurePace(system, ground, leads, tappedLeads);
    const paced = tap.take();
    const first = await lastCallId(ground);
    await leads.burst(tappedLeads);
    const { ended } = await untilEnded(ground, first, tappedLeads, waitMs.paced);
    const burst = tap.take();
    const sum = (all: readonly number[]): number => all.reduce((total, number) => total + number, 0);
    const seen = paced.holdings.length > 0;
    return {
      // None at all is a lock that the tap did not know, not one that costs nothing.
      lockRoundTrips: seen ? sum(paced.holdings.map((holding) => holding.roundTrips)) / dialled : Number.NaN,
      lockHeldMs: seen ? sum(paced.holdings.map((holding) => holding.heldMs)) / dialled : Number.NaN,
      lockRoundTripsInBurst: seen ? sum(burst.holdings.map((holding) => holding.roundTrips)) / ended : Number.NaN,
      dispatcherRoundTrips: paced.waits / dialled,
    };
  } finally {
    await system.restartDispatcher({});
    await tap.stop();
  }
}

const oneCount = z.tuple([z.object({ count: z.coerce.number() })]);

async function lastCallId(ground: Ground): Promise<number> {
  const [{ count }] = oneCount.parse(await ground.query('select coalesce(max(id), 0) as count from calls'));
  return count;
}

const outboxes = ['ingest', 'dispatcher', 'call_tracker', 'crm_pusher'].map(
  (name) => `select from ${name}_outbox where published_at is null`,
);
const progress = z.tuple([z.object({ ended: z.coerce.number(), busy: z.boolean(), put_back: z.coerce.number() })]);

/** How many calls made since `first` have ended, and how many dials were put back before they rang: their leads come again. */
type Ended = { ended: number; putBack: number };

/** Waits until so many calls have ended and nothing is left to publish, or the wait is over. */
async function untilEnded(ground: Ground, first: number, count: number, withinMs: number): Promise<Ended> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const [found] = progress.parse(
      await ground.query(`
        select count(*) filter (where c.status not in ('calling', 'called') and d.put_back_reason is null) as ended,
               count(*) filter (where d.put_back_reason is not null) as put_back,
               coalesce(bool_or(d.decided_at is null), false) or exists (${outboxes.join(' union all ')}) as busy
          from calls c join dials d on d.call_id = c.id where c.id > ${first}`),
    );
    if ((found.ended >= count && !found.busy) || performance.now() > deadline)
      return { ended: found.ended, putBack: found.put_back };
    await wait(250);
  }
}

function toDifference(later: CpuMs, earlier: CpuMs): CpuMs {
  return Object.fromEntries(Object.entries(later).map(([name, ms]) => [name, ms - (earlier[name] ?? 0)]));
}
