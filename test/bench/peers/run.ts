import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { round } from '../figures.ts';
import { startIngest } from '../measure-accepting.ts';
import { endCalls } from '../measure-claims.ts';
import { startServers, type Servers } from '../servers.ts';
import { toDispatcher } from '../open-dispatcher.ts';
import { startProcess, type RunningProcess } from '../start-process.ts';
import { ownTree, programOf } from '../tree.ts';
import { raceClaims, type Claims, type Racer } from './race-claims.ts';
import { findRedis, startRedis } from './start-redis.ts';

// `npm run bench:peers [-- --report FILE --leads N --rounds N --warm-up N]`: leads accepted over HTTP, durable, and claimed
// by a worker, by Leadline and by job queues that do the same work in the same run.
const say = (line: string): void => console.error(line);
const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: Object.fromEntries(
    ['report', 'leads', 'rounds', 'warm-up'].map((name) => [name, { type: 'string' as const }]),
  ),
});
const { report, ...sizes } = z
  .object({
    report: z.string().optional(),
    leads: z.coerce.number().int().min(1).prefault('1000'),
    rounds: z.coerce.number().int().min(1).prefault('5'),
    'warm-up': z.coerce.number().int().min(1).prefault('500'),
  })
  .parse(values);

const servers = await startServers(say);
const stops: (() => Promise<void>)[] = [];
try {
  const racers: Record<string, Racer> = { leadline: await startLeadline(servers) };
  for (const queue of ['pg-boss', 'graphile-worker'] as const) {
    for (const groups of [false, true]) {
      const name = groups ? `${queue}, in groups` : queue;
      const url = await servers.emptyDatabase(name.replaceAll(/\W+/g, '_'));
      racers[name] = await startPeer(queue, url, groups);
    }
  }
  const redis = await findRedis();
  if (redis === undefined) {
    say('BullMQ is left out: there is no redis-server on PATH');
  } else {
    say(redis);
    for (const [name, sync, groups] of [
      ['bullmq', 'everysec', false],
      ['bullmq, in groups', 'everysec', true],
      ['bullmq, on the disk when accepted', 'always', false],
      ['bullmq, in groups, on the disk', 'always', true],
    ] as const) {
      const running = await startRedis(join(servers.folder, name.replaceAll(/\W+/g, '-')), sync);
      stops.push(() => running.stop());
      racers[name] = await startPeer('bullmq', running.url, groups);
    }
  }
  const figures = await raceClaims(racers, { ...sizes, warmUp: sizes['warm-up'] }, say);
  const json = JSON.stringify({ redis: redis ?? 'missing', figures, ratios: toRatios(figures) }, null, 2);
  say(toTable(figures));
  if (report !== undefined) writeFileSync(report, `${json}\n`);
  console.log(json);
} finally {
  for (const stop of stops.toReversed()) await stop();
  await servers.stop();
}

async function keep(starting: Promise<RunningProcess>): Promise<RunningProcess> {
  const started = await starting;
  stops.push(() => started.stop());
  return started;
}

async function startLeadline(on: Servers): Promise<Racer> {
  const stand = await on.stand('leadline_race');
  const ingest = await keep(startIngest(ownTree, stand));
  const claimer = await keep(startProcess(programOf(ownTree, 'test/bench/peers/claimer.ts'), toDispatcher(stand)));
  return {
    intakePort: ingest.port,
    workerPort: claimer.port,
    async endRound() {
      await endCalls(stand);
      while ((await stand.query('select from ingest_outbox where published_at is null limit 1')).length > 0)
        await wait(50);
    },
  };
}

async function startPeer(queue: string, url: string, groups: boolean): Promise<Racer> {
  const start = (role: 'intake' | 'worker'): Promise<RunningProcess> =>
    keep(
      startProcess(programOf(ownTree, 'test/bench/peers/peer-process.ts'), {
        ROLE: role,
        QUEUE: queue,
        QUEUE_URL: url,
        GROUPS: String(groups),
      }),
    );
  // One after the other: each makes its tables where they are missing.
  const worker = await start('worker');
  const intake = await start('intake');
  return { intakePort: intake.port, workerPort: worker.port, endRound: () => Promise.resolve() };
}

/** Leadline's claims a second ÷ each peer's. */
function toRatios(figures: Record<string, Claims>): Record<string, number> {
  const ours = figures['leadline']?.claimedPerSecond ?? Number.NaN;
  return Object.fromEntries(
    Object.entries(figures)
      .filter(([name]) => name !== 'leadline')
      .map(([name, { claimedPerSecond }]) => [name, round(ours / claimedPerSecond)]),
  );
}

function toTable(figures: Record<string, Claims>): string {
  const ratios = toRatios(figures);
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, index) => (index === 0 ? cell.padEnd(36) : cell.padStart(14))).join('')}`.trimEnd();
  return [
    '',
    line(['', 'accepted/s', 'claimed/s', 'Leadline ÷', 'in time']),
    ...Object.entries(figures).map(([name, claims]) =>
      line([
        name,
        claims.acceptedPerSecond.toFixed(0),
        claims.claimedPerSecond.toFixed(0),
        ratios[name]?.toFixed(2) ?? '',
        `${claims.claimedInTime}/${claims.sent}`,
      ]),
    ),
    '',
  ].join('\n');
}
