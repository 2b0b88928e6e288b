import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { runCampaign, type Campaign } from './campaign.ts';
import { checkCampaign, findEarly } from './check.ts';
import { drills, runDrill } from './drills.ts';
import { invariants, type Checked, type Invariant, type Violation } from './invariants.ts';
import { readLedgers, type Ledgers } from './ledgers.ts';
import { drillLeads, levels } from './levels.ts';
import { makeMutant, mutants } from './mutants.ts';
import { enterOwnMounts } from './small-disk.ts';
import { tellStory } from './tell-story.ts';

// npm run faults -- --level L0|L1|L2|L3|L4 [--drill KEY] [--seed N] [--seeds N] [--leads N] [--mutant NAME|--mutants] [--report FILE]
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const count = z.coerce.number().int().min(1);
const asked = z
  .object({
    level: z.enum(['L0', 'L1', 'L2', 'L3', 'L4']).default('L1'),
    seed: z.coerce.number().int().min(0).optional(),
    seeds: count.optional(),
    leads: count.optional(),
    mutant: z.enum(mutants.map(({ name }) => name)).optional(),
    mutants: z.boolean().default(false),
    drill: z.enum(drills.map(({ key }) => key)).optional(),
    report: z.string().optional(),
  })
  .safeParse(
    parseArgs({
      // pnpm and npm hand a lone `--` through.
      args: process.argv.slice(2).filter((word) => word !== '--'),
      options: {
        level: { type: 'string' },
        seed: { type: 'string' },
        seeds: { type: 'string' },
        leads: { type: 'string' },
        mutant: { type: 'string' },
        mutants: { type: 'boolean' },
        report: { type: 'string' },
        drill: { type: 'string' },
      },
    }).values,
  );
if (!asked.success) {
  for (const { path, message } of asked.error.issues) say(`--${path.join('.')}: ${message}`);
  process.exit(2);
}
const { report: file, ...given } = asked.data;
const level = given.drill === undefined ? given.level : 'L4';
if (level === 'L4') await enterOwnMounts();
const size = levels[level === 'L4' ? 'L1' : level];
const leads = given.leads ?? (level === 'L4' ? drillLeads : size.leads);
const firstSeed = given.seed ?? Math.floor(Math.random() * 1e9);

type Report = {
  seed: number;
  leads: number;
  exposures: Record<string, number>;
  invariants: Record<string, { checked: number; violations: number }>;
  mutants: Record<string, string | null>;
  /** Drills by key, and what this machine lacks for them. */
  notRun: Record<string, string>;
};
const report: Report = {
  seed: firstSeed,
  leads,
  exposures: {},
  invariants: Object.fromEntries(invariants.map((name) => [name, { checked: 0, violations: 0 }])),
  mutants: {},
  notRun: {},
};

if (level === 'L4' && (given.mutants || given.mutant !== undefined)) {
  say('--mutant: a mutant runs at L0, L1, L2 or L3; L4 are drills');
  process.exit(2);
}
if (level === 'L4') await runDrills(given.seeds ?? 1);
else if (given.mutants) await runAllMutants();
else if (given.mutant === undefined) await runSeeds(given.seeds ?? size.seeds);
else await runMutant(given.mutant);

async function runSeeds(seeds: number): Promise<never> {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const campaign = await runCampaign({ ...size, leads, seed, say });
    const broken = await judge(campaign);
    await campaign.world.stop();
    countExposures(campaign);
    if (broken) say(`seed ${seed} breaks promises: --level ${level} --seed ${seed} --leads ${leads} repeats it`);
  }
  return endBySum();
}

async function runDrills(seeds: number): Promise<never> {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    for (const drill of drills.filter(({ key }) => given.drill === undefined || key === given.drill)) {
      const missing = await drill.misses?.();
      if (missing !== undefined) {
        say(`not run: ${drill.name}: ${missing}`);
        report.notRun[drill.key] = missing;
        continue;
      }
      const { campaign, ledgers, results } = await runDrill(drill, { seed, leads, say });
      const broken = await tellResults(campaign, ledgers, results);
      await campaign.world.stop();
      countExposures(campaign);
      if (broken) say(`drill "${drill.name}" breaks promises: --drill ${drill.key} --seed ${seed} repeats it`);
    }
  }
  return endBySum();
}

function countExposures({ exposures }: Campaign): void {
  for (const [name, times] of exposures) report.exposures[name] = (report.exposures[name] ?? 0) + times;
}

function endBySum(): never {
  const violations = Object.values(report.invariants).reduce((sum, invariant) => sum + invariant.violations, 0);
  return end(violations === 0 ? 0 : 1);
}

/** Tells what was found, each of the first few leads with its whole story. */
async function judge(campaign: Campaign): Promise<boolean> {
  const ledgers = await readLedgers(campaign);
  return tellResults(campaign, ledgers, await checkCampaign(campaign, ledgers));
}

async function tellResults(campaign: Campaign, ledgers: Ledgers, results: Map<Invariant, Checked>): Promise<boolean> {
  say(`ready after ${toSeconds(campaign.readyMs)}, drained after ${toSeconds(campaign.drainedMs)}`);
  say(`exposures: ${[...campaign.exposures].map(([name, times]) => `${times} × ${name}`).join(', ')}`);
  const stories = new Set<number>();
  for (const [name, { checked, violations }] of results) {
    const sum = report.invariants[name];
    if (sum !== undefined) {
      sum.checked += checked;
      sum.violations += violations.length;
    }
    say(`${name}: ${checked} checked, ${violations.length === 0 ? 'all hold' : `${violations.length} VIOLATIONS`}`);
    for (const { what, leadId } of violations.slice(0, 10)) {
      say(`  ${what}${leadId === undefined ? '' : ` (lead ${leadId})`}`);
      if (leadId !== undefined && stories.size < 3) stories.add(leadId);
    }
  }
  for (const leadId of stories) say(await tellStory(campaign, ledgers, leadId));
  return [...results.values()].some((result: Checked) => result.violations.length > 0);
}

/** One seed with one protection taken out, until the first violation. Exit 0: it was caught; a run that breaks off caught nothing. */
async function runMutant(name: string): Promise<never> {
  const mutant = mutants.find((mutated) => mutated.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'leadline-mutant-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const source = makeMutant(mutant, join(import.meta.dirname, '../..'), folder);
  const caught = async (
    by: Invariant,
    { what, leadId }: Violation,
    campaign: Campaign,
    ledgers: Ledgers,
  ): Promise<never> => {
    say(`caught by ${by}: ${what}`);
    report.mutants[name] = by;
    // Whoever doubts that it was the mutant finds the lead's story below.
    if (leadId !== undefined) say(await tellStory(campaign, ledgers, leadId).catch(() => ''));
    return end(0);
  };
  say(`mutant: ${name}`);
  const judgeMutant = async (campaign: Campaign): Promise<void> => {
    const ledgers = await readLedgers(campaign);
    for (const [invariant, { violations }] of await checkCampaign(campaign, ledgers))
      if (violations[0] !== undefined) await caught(invariant, violations[0], campaign, ledgers);
  };
  const campaign = await runCampaign(
    { ...size, leads, seed: firstSeed, source, endsAtStandstill: true, drained: judgeMutant, say },
    (begun) => {
      void (async () => {
        for (let tookMs = 0; ;) {
          // The larger the ledgers, the rarer: reading them takes the time of what is tried.
          await wait(Math.max(4_000, tookMs * 9));
          const since = performance.now();
          const ledgers = await readLedgers(begun).catch(() => undefined);
          const early = ledgers && (await findEarly(begun, ledgers).catch(() => undefined));
          if (ledgers !== undefined && early !== undefined) await caught(early.invariant, early, begun, ledgers);
          tookMs = performance.now() - since;
        }
      })();
    },
  );
  await judgeMutant(campaign);
  // Its story may be being told.
  if (report.mutants[name] !== undefined) return end(0);
  report.mutants[name] = null;
  say('NOT CAUGHT');
  return end(1);
}

/** Each mutant in a process of its own, one after the other. */
async function runAllMutants(): Promise<never> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-mutants-'));
  for (const { name } of mutants) {
    const own = join(folder, 'report.json');
    const args = [import.meta.filename, '--level', level, '--seed', `${firstSeed}`, '--leads', `${leads}`];
    const child = spawn(process.execPath, [...args, '--mutant', name, '--report', own], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await new Promise((resolve) => {
      child.once('exit', resolve);
    });
    report.mutants[name] = readCaught(own, name);
    rmSync(own, { force: true });
  }
  rmSync(folder, { recursive: true, force: true });
  for (const [name, by] of Object.entries(report.mutants))
    say(`${by === null ? 'NOT CAUGHT' : `caught by ${by}`.padEnd(14)}  ${name}`);
  return end(Object.values(report.mutants).includes(null) ? 1 : 0);
}

/** By what a mutant's own run caught it; null also where that run broke off without a report. */
function readCaught(path: string, name: string): string | null {
  if (!existsSync(path)) return null;
  const told = z.object({ mutants: z.record(z.string(), z.string().nullable()) });
  return told.parse(JSON.parse(readFileSync(path, 'utf8'))).mutants[name] ?? null;
}

function end(code: number): never {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  process.exit(code);
}

function toSeconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`;
}
