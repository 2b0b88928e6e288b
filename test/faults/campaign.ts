import { untilDrained } from './until-drained.ts';
import { ageLeads } from './age-leads.ts';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { deployQuietly, repairHalf, type Deployed, type Repaired } from './after-heal.ts';
import { optOutAtDueTime, type OptedOut } from './opt-out.ts';
import { askAgain, type Asked } from './ask-again.ts';
import { crashPoints, toWatcher, type CrashPoint } from './crash-points.ts';
import { disturbEvents, type Poison } from './disturb-events.ts';
import { faultsOf, killedWhileDraining, type Fault } from './faults.ts';
import { allEndings, asksForCallback, feedLeads, olderEndings, type Posted } from './feed-leads.ts';
import { lookAtLastWords } from './look-at-last-words.ts';
import { openRandom, type Random } from './random.ts';
import { untilReady } from './wait-for-services.ts';
import { startWorld, type Policy, type World } from './world.ts';

/** What the harness did and when, ms since 1970: the only memory of the run beside the ledgers. */
export type Noted = { at: number; until: number; what: string; details: string[] };

export type Campaign = {
  seed: number;
  world: World;
  posted: Posted[];
  /** Buyers who asked again while their lead was open. */
  asked: Asked[];
  /** Buyers who were put on the do-not-call list. */
  optedOut: OptedOut[];
  poison: Poison[];
  record: Noted[];
  exposures: Map<string, number>;
  readyMs: number | undefined;
  readyWithinMs: number;
  drainedMs: number | undefined;
  repaired: Repaired;
  deployed: Deployed | undefined;
  /** The most memory that each process was seen to hold, KiB. */
  maxKib: Map<string, number>;
};

export type Plan = {
  seed: number;
  leads: number;
  leadsPerSecond: number;
  /** Sources hold back while more leads than these are not called yet; without it, which is load, they never do. */
  maxWaiting?: number;
  /** How many random faults at least. */
  faults: number;
  policy: Policy;
  /** How often each crash point. */
  crashes: number;
  /** So many of the crash points, drawn; else all. */
  crashPoints?: number;
  /** At half of it, leads that come all at once, with every process killed while they do. */
  burst?: { leads: number; perSecond: number };
  source?: string;
  /** The tree of another version that runs beside it. */
  beside?: string;
  /**
   * A backlog that stands still ends the run: what was to come after it tells nothing more. One that only drains slowly
   * is waited for, else a slow machine would look like a broken promise.
   */
  endsAtStandstill?: boolean;
  /** Beside other work services may start slowly, and the backlog drain slowly, if only it never stands still. */
  isBesideOthers?: boolean;
  /** Called when the backlog is drained, before dead letters are repaired and services deployed. */
  drained?: (campaign: Campaign) => Promise<void>;
  say: (line: string) => void;
};

const maxArmed = 3;
/** The share of the leads with which the last crash point is armed: to come there, it needs some that follow. */
const lastCrashAt = 0.8;
/** How long leads go on coming for crash points that nobody came to so far. */
const lateLeadsMs = 60_000;
/** Their numbers begin where no level's leads end. */
const lateLeadsFrom = 80_000;
const asksAfterHealMs = 20_000;

/**
 * Leads flow while faults of all kinds come and go; then everything is healed, a last lead goes through, and what is
 * left is waited for. The caller checks, and stops the world.
 */
export async function runCampaign(
  plan: Plan,
  began: (campaign: Campaign) => void = () => undefined,
): Promise<Campaign> {
  const { seed, say } = plan;
  say(`seed ${seed}: starting the servers, ${plan.leads} leads, ${plan.faults} faults`);
  const world = await startWorld({
    ...(plan.source === undefined ? {} : { source: plan.source }),
    ...(plan.beside === undefined ? {} : { beside: plan.beside }),
    policy: plan.policy,
    say,
  });
  const campaign = openCampaign(seed, world);
  if (plan.isBesideOthers === true) campaign.readyWithinMs = 120_000;
  began(campaign);
  const watching = setInterval(() => measureMemory(campaign), 2_000);
  const looking = lookAtLastWords(world);
  const ageing = ageLeads(world);
  try {
    const disturbing = disturbEvents(world, openRandom(seed, 'events'));
    campaign.poison = disturbing.poison;
    const asking = askAgain(world, {
      random: openRandom(seed, 'asking'),
      most: Math.ceil(plan.leads / 6),
      asked: campaign.asked,
    });
    const optingOut = optOutAtDueTime(world, { random: openRandom(seed, 'opt out'), optedOut: campaign.optedOut });
    const feeding = feedLeads(world, {
      leads: plan.leads,
      perSecond: plan.leadsPerSecond,
      random: openRandom(seed, 'leads'),
      maxWaiting: plan.maxWaiting,
      posted: campaign.posted,
      endings: endingsOf(plan),
    });
    const progress = setInterval(() => void sayProgress(campaign, plan), 10_000);
    const nobodyComes = new AbortController();
    const crashing = crashAtPoints(campaign, plan, nobodyComes.signal);
    const [bursting] = await Promise.all([
      burst(campaign, plan),
      feeding.then(() => feedLateLeads(campaign, plan, crashing)).finally(() => nobodyComes.abort()),
      injectFaults(campaign, plan),
      crashing,
    ]);
    clearInterval(progress);
    heal(world);
    campaign.posted.push(...bursting);
    await disturbing.stop();
    for (const [name, times] of Object.entries(disturbing.counts)) campaign.exposures.set(`event ${name}`, times);
    say(`healed after ${countCrashes(campaign)} crash points; waiting for what is left`);
    campaign.readyMs = await untilReady(world, 2 * campaign.readyWithinMs).catch(() => undefined);
    const isMeasured = plan.burst === undefined && plan.endsAtStandstill !== true && plan.isBesideOthers !== true;
    const asked = isMeasured ? 'within' : 'progress';
    // On a slow machine most last attempts come only now.
    setTimeout(() => void asking.stop(), asksAfterHealMs).unref();
    const since = performance.now();
    let isDrained = (await untilDrained(world, say, asked)) !== undefined;
    await asking.stop();
    await optingOut.stop();
    for (const { by } of campaign.optedOut) count(campaign, `opted out as a promise fell due, by the ${by}`);
    isDrained &&= (await untilDrained(world, say, asked)) !== undefined;
    campaign.drainedMs = isDrained ? performance.now() - since : undefined;
    for (const { moment } of campaign.asked) count(campaign, `asked again ${moment}`);
    if (plan.endsAtStandstill === true && campaign.drainedMs === undefined) return campaign;
    await plan.drained?.(campaign);
    say('a part of the dead letters is repaired and sent back, then each service is deployed');
    campaign.repaired = await repairHalf(world, campaign.poison, openRandom(seed, 'repair'));
    await untilDrained(world, say);
    const deploying = await deployQuietly(world, openRandom(seed, 'last'), plan.leads + (plan.burst?.leads ?? 0));
    campaign.posted.push(...deploying.posted);
    await untilReady(world, 30_000);
    await untilDrained(world, say);
    campaign.deployed = await deploying.finish();
    return campaign;
  } catch (error) {
    await world.stop();
    throw error;
  } finally {
    clearInterval(watching);
    ageing.stop();
    await looking.stop();
  }
}

export function openCampaign(seed: number, world: World): Campaign {
  return {
    seed,
    world,
    posted: [],
    asked: [],
    optedOut: [],
    poison: [],
    record: [],
    exposures: new Map(),
    readyMs: undefined,
    readyWithinMs: 30_000,
    drainedMs: undefined,
    repaired: new Set(),
    deployed: undefined,
    maxKib: new Map(),
  };
}

/** Many at once, and in the thick of it everything of ours dies, one after the other. */
async function burst(campaign: Campaign, plan: Plan): Promise<Posted[]> {
  if (plan.burst === undefined) return [];
  const { world } = campaign;
  const { leads, perSecond } = plan.burst;
  await wait((plan.leads / plan.leadsPerSecond / 2) * 1_000);
  plan.say(`${leads} leads at ${perSecond}/s, and every process is killed meanwhile`);
  const random = openRandom(plan.seed, 'burst');
  const feeding = feedLeads(world, {
    leads,
    perSecond,
    random,
    from: plan.leads,
    endings: endingsOf(plan),
  });
  const noted: Noted = { at: Date.now(), until: Number.POSITIVE_INFINITY, what: 'kill at the peak', details: [] };
  campaign.record.push(noted);
  const kills = [
    ...[...world.services.values()].map((service) => async () => service.kill()),
    () => world.natsServer.kill(),
    () => world.postgres.kill(),
  ];
  for (const kill of random.shuffle(kills)) {
    await kill();
    count(campaign, 'kill -9 at the peak');
    await wait(random.between(200, 800));
  }
  const posted = await feeding;
  noted.until = Date.now();
  return posted;
}

export function measureMemory({ world, maxKib }: Campaign): void {
  for (const kept of [...world.services.values(), world.simulator]) {
    if (kept.pid === undefined) continue;
    try {
      const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${kept.pid}/status`, 'utf8'))?.[1] ?? 0);
      maxKib.set(kept.name, Math.max(maxKib.get(kept.name) ?? 0, kib));
    } catch {
      // Gone just now, or no such folder on this system.
    }
  }
}

export function heal(world: World): void {
  for (const link of world.links.values()) link.heal();
  for (const service of world.services.values()) service.thaw();
}

/**
 * Several at a time, of different kinds, each kind about as often. They come as the leads do: all at the beginning, on a
 * machine that is slow to recover, they would meet hardly a call.
 */
async function injectFaults(campaign: Campaign, plan: Plan): Promise<void> {
  const random = openRandom(plan.seed, 'faults');
  const queue: Fault[] = [];
  const drains = Math.max(1, plan.crashes);
  // Of more kinds than a short run has room for, those that have a check of their own always come.
  const drawn = faultsOf([...campaign.world.services.keys()]).filter((fault) => fault !== killedWhileDraining);
  const watched = drawn.filter(({ checked }) => checked === true);
  const others = drawn.filter(({ checked }) => checked !== true);
  while (queue.length < plan.faults - drains) {
    const room = Math.max(0, plan.faults - drains - queue.length - watched.length);
    queue.push(...random.shuffle([...watched, ...random.shuffle(others).slice(0, room)]));
  }
  for (let n = 0; n < drains; n++) queue.splice(Math.floor(random.between(0, queue.length)), 0, killedWhileDraining);
  // Those that set all of a far system's faults, or the same process, exclude each other.
  const busy = new Set<string>();
  let begun = 0;
  const lane = async (own: Random): Promise<void> => {
    for (;;) {
      const early = campaign.posted.length / plan.leads < begun / plan.faults;
      const next = early ? -1 : queue.findIndex((fault) => !busy.has(groupOf(fault)));
      const [fault] = next < 0 ? [] : queue.splice(next, 1);
      if (fault === undefined) {
        if (queue.length === 0) return;
        await wait(200);
        continue;
      }
      begun++;
      busy.add(groupOf(fault));
      const noted: Noted = { at: Date.now(), until: Number.POSITIVE_INFINITY, what: fault.name, details: [] };
      campaign.record.push(noted);
      await fault.run(campaign.world, own, (what) => noted.details.push(`${Date.now()} ${what}`));
      noted.until = Date.now();
      count(campaign, fault.exposures);
      busy.delete(groupOf(fault));
      await wait(own.between(100, 500));
    }
  };
  await Promise.all(Array.from({ length: 3 }, (_, n) => lane(openRandom(plan.seed, `lane ${n}`))));
}

function groupOf(fault: Fault): string {
  if (/^(kill|freeze) (nats-server|Postgres|LiveKit)/.test(fault.name)) return 'servers';
  if (fault.name.startsWith('partition')) return fault.name;
  if (/^(clock jump|stop switch)/.test(fault.name)) return fault.name;
  return /^(kill|freeze|rolling)/.test(fault.name) ? 'services' : 'far systems';
}

/** One by one, as long as a crash point is left: to come there, a service needs leads. A slow machine is late with them. */
async function feedLateLeads(campaign: Campaign, plan: Plan, crashing: Promise<void>): Promise<void> {
  let isOver = false;
  const end = (): void => void (isOver = true);
  crashing.then(end, end);
  const random = openRandom(plan.seed, 'late leads');
  const deadline = performance.now() + lateLeadsMs;
  // Where no point was to come it has resolved by now.
  await wait(0);
  const usual = endingsOf(plan);
  // Some points lie where a promise is made or kept, which few leads of a short campaign come to.
  const promising = plan.beside === undefined ? asksForCallback : usual;
  for (let from = lateLeadsFrom; !isOver && performance.now() < deadline; from++)
    await feedLeads(campaign.world, {
      leads: 1,
      perSecond: 1,
      random,
      from,
      posted: campaign.posted,
      endings: from % 2 === 0 ? usual : promising,
    });
}

/** An older version beside this one is given what it knows. */
function endingsOf({ beside }: Plan): readonly string[] {
  return beside === undefined ? allEndings : olderEndings;
}

/** A point that nobody came to when `nobodyComes` is given up: it is told as an exposure that is missing. */
async function crashAtPoints(campaign: Campaign, plan: Plan, nobodyComes: AbortSignal): Promise<void> {
  const random = openRandom(plan.seed, 'crashes');
  const queue: CrashPoint[] = [];
  for (let n = 0; n < plan.crashes; n++) queue.push(...random.shuffle(crashPoints).slice(0, plan.crashPoints));
  const all = queue.length;
  const { world } = campaign;
  const armed = new Set<string>();
  const arm = (point: CrashPoint): Promise<void> =>
    new Promise((resolve) => {
      const disarms: (() => void)[] = [];
      let fired = false;
      for (const name of point.services) {
        const watcher = toWatcher(point, () => {
          if (fired) return;
          fired = true;
          for (const disarm of disarms) disarm();
          world.services.get(name)?.kill();
          campaign.record.push({
            at: Date.now(),
            until: Date.now(),
            what: `crash point: ${point.name}`,
            details: [name],
          });
          count(campaign, `crash point: ${point.name}`);
          resolve();
        });
        const link = world.links.get(`${name}-${point.link}`);
        if (link === undefined) throw new Error(`there is no link ${name}-${point.link}`);
        disarms.push(link.watch(watcher));
      }
      const giveUp = (): void => {
        for (const disarm of disarms) disarm();
        resolve();
      };
      nobodyComes.addEventListener('abort', giveUp, { once: true });
    });
  const working = new Set<Promise<void>>();
  while (queue.length > 0 && !nobodyComes.aborted) {
    const early = campaign.posted.length / plan.leads < (lastCrashAt * (all - queue.length)) / all;
    const next = queue.findIndex((point) => !point.services.some((name) => armed.has(name)));
    const [point] = early || next < 0 || working.size >= maxArmed ? [] : queue.splice(next, 1);
    if (point === undefined) {
      await Promise.race([...working, wait(200)]);
      continue;
    }
    for (const name of point.services) armed.add(name);
    const work: Promise<void> = arm(point)
      // So long it needs to be back at work.
      .then(() => wait(random.between(1_500, 3_000)))
      .finally(() => {
        for (const name of point.services) armed.delete(name);
        working.delete(work);
      });
    working.add(work);
    await wait(random.between(200, 600));
  }
  await Promise.all(working);
}

function count({ exposures }: Campaign, name: string): void {
  exposures.set(name, (exposures.get(name) ?? 0) + 1);
}

function countCrashes({ exposures }: Campaign): number {
  return [...exposures].reduce((sum, [name, n]) => (name.startsWith('crash point') ? sum + n : sum), 0);
}

async function sayProgress(campaign: Campaign, plan: Plan): Promise<void> {
  const { world, record } = campaign;
  const done = record.filter(({ what, until }) => !what.startsWith('crash') && Number.isFinite(until)).length;
  const now = record.filter(({ until }) => !Number.isFinite(until)).map(({ what }) => what);
  const [leads] = await world
    .query<{ taken: number; waiting: number }>(
      `select count(*)::int as taken, count(*) filter (where status = 'new')::int as waiting from leads`,
    )
    .catch(() => []);
  const counted = leads === undefined ? '' : `${leads.taken} leads, ${leads.waiting} of them waiting; `;
  plan.say(`  ${counted}${done} of ${plan.faults} faults, ${countCrashes(campaign)} crashes; now: ${now.join(', ')}`);
}
