import { untilDrained } from './until-drained.ts';
import { heal, measureMemory, openCampaign, runCampaign, type Campaign, type Plan } from './campaign.ts';
import { checkCampaign } from './check.ts';
import { natsDiskDrill, postgresDiskDrill } from './drill-disks.ts';
import { clocksDrill } from './drill-clocks.ts';
import { clusterDrill } from './drill-cluster.ts';
import { lostStreamDrill } from './drill-lost-stream.ts';
import { nightDrill } from './drill-night.ts';
import { restoreDrill } from './drill-restore.ts';
import { rollbackDrill } from './drill-rollback.ts';
import { standbyDrill } from './drill-standby.ts';
import { twoVersionsDrill } from './drill-two-versions.ts';
import { feedLeads, type Posted } from './feed-leads.ts';
import type { Checked, Invariant, Violation } from './invariants.ts';
import { readLedgers, type Ledgers } from './ledgers.ts';
import { openRandom, type Random } from './random.ts';
import { untilReady } from './wait-for-services.ts';
import { startWorld, usualPolicy, type World, type WorldOptions } from './world.ts';

/** One disaster on purpose, with leads flowing all the while. */
export type Drill = {
  /** For the command line: `--drill restore`. */
  key: string;
  name: string;
  /** What this machine lacks for it, in words. */
  misses?: () => Promise<string | undefined> | string | undefined;
  /** Those that hold in spite of what the disaster takes away. */
  invariants: readonly Invariant[];
  /** What this drill alone promises, by the invariant that it is a part of. */
  judge?(campaign: Campaign, ledgers: Ledgers): Promise<Partial<Record<Invariant, Violation[]>>>;
} & (Disaster | { plan: () => Omit<Plan, 'seed' | 'say'> });

type Disaster = {
  world?: Omit<WorldOptions, 'policy' | 'say' | 'source'>;
  run(drilling: Drilling): Promise<void>;
};

export type Drilling = {
  campaign: Campaign;
  world: World;
  random: Random;
  /** How many leads the drill sends about. */
  leads: number;
  say: (line: string) => void;
  /** Leads with numbers of their own, at so many a second; resolves when all are taken. */
  feed: (leads: number, perSecond: number) => Promise<Posted[]>;
  /** Into the record, and to whoever watches. */
  note: (what: string) => void;
};

export const drills: readonly Drill[] = [
  clusterDrill,
  rollbackDrill,
  lostStreamDrill,
  restoreDrill,
  standbyDrill,
  nightDrill,
  clocksDrill,
  postgresDiskDrill,
  natsDiskDrill,
  twoVersionsDrill,
];

/** The caller tells what was found, and stops the world. */
export async function runDrill(
  drill: Drill,
  options: { seed: number; leads: number; say: (line: string) => void },
): Promise<{ campaign: Campaign; ledgers: Ledgers; results: Map<Invariant, Checked> }> {
  const { seed, leads, say } = options;
  say(`drill: ${drill.name}, seed ${seed}, ${leads} leads`);
  const campaign =
    'plan' in drill ? await runCampaign({ ...drill.plan(), seed, leads, say }) : await suffer(drill, options);
  try {
    const ledgers = await readLedgers(campaign);
    const results = await checkCampaign(campaign, ledgers, drill.invariants);
    for (const [name, violations] of Object.entries((await drill.judge?.(campaign, ledgers)) ?? {})) {
      const invariant = name as Invariant;
      const before = results.get(invariant) ?? { checked: 0, violations: [] };
      results.set(invariant, { checked: before.checked + 1, violations: [...before.violations, ...violations] });
    }
    return { campaign, ledgers, results };
  } catch (error) {
    await campaign.world.stop();
    throw error;
  }
}

/** The disaster from its beginning until all is healed and what was left is done. */
async function suffer(
  disaster: Disaster,
  { seed, leads, say }: { seed: number; leads: number; say: (line: string) => void },
): Promise<Campaign> {
  const world = await startWorld({ policy: usualPolicy, say, ...disaster.world });
  const campaign = openCampaign(seed, world);
  const watching = setInterval(() => measureMemory(campaign), 2_000);
  let fed = 0;
  try {
    await disaster.run({
      campaign,
      world,
      say,
      leads,
      random: openRandom(seed, 'drill'),
      async feed(count, perSecond) {
        const from = fed;
        fed += count;
        const random = openRandom(seed, `leads from ${from}`);
        const posted = await feedLeads(world, { leads: count, perSecond, random, from, uniqueNumbers: true });
        campaign.posted.push(...posted);
        return posted;
      },
      note(what) {
        say(`  ${what}`);
        campaign.record.push({ at: Date.now(), until: Date.now(), what, details: [] });
        campaign.exposures.set(what, (campaign.exposures.get(what) ?? 0) + 1);
      },
    });
    heal(world);
    campaign.readyMs = await untilReady(world, 60_000).catch(() => undefined);
    campaign.drainedMs = await untilDrained(world, say);
    return campaign;
  } catch (error) {
    await world.stop();
    throw error;
  } finally {
    clearInterval(watching);
  }
}
