import { bench } from '@leadline/world/timings';
import { toSettings } from '@leadline/world/to-settings';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '@leadline/servers/free-port';
import { median, percentile, round } from './figures.ts';
import { keys, nobody, type Servers, type Stand } from './servers.ts';
import { startProcess, type RunningProcess } from './start-process.ts';

type Pages = { calls: number; todayMs: number; todayP90Ms: number; minutesMs: number; minutesP90Ms: number };
type Rebuild = {
  calls: number;
  seconds: number;
  callsPerSecond: number;
  /** The most memory the process had resident; undefined where the system does not tell. */
  peakMb: number | undefined;
};
export type DashboardFigures = { pages: Pages[]; rebuilds: Rebuild[] };

const operator = { name: 'bench', password: 'bench-password-of-the-operator' };
const rounds = 60;

/** Two years of calls up to now, as many a day each day; two in five of them are of one lead. Indexes are made after. */
async function fill(stand: Stand, calls: number, say: (line: string) => void): Promise<void> {
  const leads = Math.round(calls * 0.4);
  const kept = (await stand.query(
    `select indexname, indexdef from pg_indexes where tablename in ('calls', 'leads') and indexname not like '%pkey'`,
  )) as { indexname: string; indexdef: string }[];
  for (const { indexname } of kept) await stand.query(`drop index ${indexname}`);
  // As a restored dump: no trigger runs. The first build of the read model reads whatever is there.
  await stand.query(`set session_replication_role = replica`);
  say(`  ${leads} leads and ${calls} calls by generate_series`);
  const startOf = (n: string, all: number): string =>
    `now() - interval '730 days' * ((${all} - ${n})::float8 / ${all})`;
  const sourceOf = (n: string): string =>
    `(array['indiamart', 'tradeindia', 'justdial', 'meta_lead_ads', 'google_ads', 'website'])[1 + (${n} * 7) % 6]`;
  await stand.query(
    `insert into leads (name, phone, source, status, created_at, updated_at)
     select 'Asha Verma', '+919' || lpad((n % 1000000000)::text, 9, '0'), ${sourceOf('n')},
            case when n % 3 = 0 then 'failed' else 'dispatched' end, ${startOf('n', leads)}, now()
       from generate_series(1, ${leads}) as n`,
  );
  await stand.query(
    `insert into calls (lead_id, phone, source, status, failure_reason, agent_mode, call_started_at, answered_at,
                        call_ended_at, duration_seconds)
     select 1 + n % ${leads}, '+919' || lpad((n % 1000000000)::text, 9, '0'), ${sourceOf('n')},
            case n % 4 when 0 then 'pushed' when 1 then 'called' else 'failed' end,
            case when n % 4 > 1 then (array['unanswered', 'rejected', 'no_answers', 'startup_failed'])[1 + n % 4] end,
            case when n % 5 = 0 then 'openai_realtime' else 'sarvam' end, at,
            case when n % 4 < 3 then at + interval '9 seconds' end, at + (20 + n % 200) * interval '1 second', 20 + n % 200
       from (select n, ${startOf('n', calls)} as at from generate_series(1, ${calls}) as n) as calls_of_two_years`,
  );
  await stand.query(`set session_replication_role = origin`);
  for (const { indexdef } of kept) await stand.query(indexdef);
  await stand.query(`vacuum analyze leads`);
  await stand.query(`vacuum analyze calls`);
}

/**
 * The daily sums of a serving build, made by one statement each in place of the projector: ten million calls would take it
 * a quarter of an hour, and pages read nothing else. Rows a call and a lead are left out: no page reads them.
 */
async function fillSums(stand: Stand): Promise<void> {
  await stand.query(
    `insert into dashboard_builds (generation, state, pulse_seconds, finished_at, calls_read_to, leads_read_to)
     select 1, 'serving', 60, now(), (select max(id) from calls), (select max(id) from leads)`,
  );
  const day = (at: string): string => `(${at} at time zone 'Asia/Kolkata')::date`;
  const talk = `coalesce(extract(epoch from call_ended_at - answered_at), 0)`;
  await stand.query(
    `insert into minutes_daily (generation, day, source, mode, outcome, calls, answered, counted_micros, estimated_calls,
                                talk_micros, pulses)
     select 1, ${day('call_started_at')}, source, agent_mode, coalesce(failure_reason, status), count(*),
            count(answered_at), sum(duration_seconds * 1000000::bigint), 0, sum(${talk} * 1000000), sum(ceil(${talk} / 60))
       from calls group by 2, 3, 4, 5`,
  );
  await stand.query(
    `insert into funnel_daily (generation, day, source, step, leads)
     select 1, ${day('created_at')}, source, id % 5, count(*) from leads group by 2, 3, 4`,
  );
  await stand.query(
    `insert into speed_daily (generation, day, source, bucket, leads)
     select 1, ${day('created_at')}, source, 300 + id % 250, count(*) from leads group by 2, 3, 4`,
  );
}

/** The most memory that a process ever had, as Linux keeps it. */
function peakMbOf(pid: number | undefined): number | undefined {
  const file = `/proc/${pid}/status`;
  if (pid === undefined || !existsSync(file)) return undefined;
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1_024);
}

async function startDashboard(stand: Stand): Promise<RunningProcess> {
  const port = await freePort();
  return startProcess(
    new URL('../../services/dashboard/src/main.ts', import.meta.url),
    toSettings('dashboard', {
      servers: stand.servers('dashboard'),
      simulator: nobody,
      port,
      keys,
      timings: bench,
      dashboard: { firstUsers: `${operator.name}:operator:${operator.password}` },
    }),
  );
}

async function rebuild(stand: Stand, dashboard: RunningProcess, calls: number): Promise<Rebuild> {
  const startedAt = performance.now();
  for (;;) {
    const [build] = await stand.query(`select state, finished_at - started_at as took from dashboard_builds`);
    if (build?.['state'] === 'serving') break;
    await wait(250);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const peakMb = peakMbOf(dashboard.pid);
  return { calls, seconds: round(seconds, 1), callsPerSecond: Math.round(calls / seconds), peakMb };
}

async function logIn(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/login`, {
    method: 'POST',
    body: new URLSearchParams(operator),
    redirect: 'manual',
  });
  const [cookie] = answer.headers.getSetCookie();
  if (answer.status !== 303 || cookie === undefined) throw new Error(`the login was refused: ${answer.status}`);
  return cookie.split(';')[0] ?? '';
}

async function timePage(port: number, path: string, cookie: string): Promise<number> {
  const startedAt = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } });
  const text = await answer.text();
  if (answer.status !== 200 || !text.includes('</html>')) throw new Error(`${path} answered ${answer.status}`);
  return performance.now() - startedAt;
}

/**
 * Dashboards side by side, with more and more calls. Up to `builtUpTo` calls the dashboard builds its read model from them
 * itself; then the pages are asked for in turn, so that whatever else the machine does slows all.
 */
export async function measureDashboard(
  servers: Servers,
  { sizes, builtUpTo }: { sizes: readonly number[]; builtUpTo: number },
  say: (line: string) => void,
): Promise<DashboardFigures> {
  const rebuilds: Rebuild[] = [];
  const standing: { calls: number; dashboard: RunningProcess; cookie: string }[] = [];
  try {
    for (const calls of sizes) {
      say(`dashboard: ${calls} calls`);
      const stand = await servers.stand(`dashboard_${calls}`);
      await fill(stand, calls, say);
      const isBuilt = calls <= builtUpTo;
      if (!isBuilt) await fillSums(stand);
      const dashboard = await startDashboard(stand);
      if (isBuilt) {
        rebuilds.push(await rebuild(stand, dashboard, calls));
        say(`  the read model was built in ${rebuilds.at(-1)?.seconds} s`);
      }
      for (const table of ['call_minutes', 'minutes_daily', 'funnel_daily', 'speed_daily', 'lead_progress'])
        await stand.query(`vacuum analyze ${table}`);
      standing.push({ calls, dashboard, cookie: await logIn(dashboard.port) });
    }
    const month = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 7);
    const took = standing.map(() => ({ today: [] as number[], minutes: [] as number[] }));
    for (let turn = -10; turn < rounds; turn++) {
      for (const [place, { dashboard, cookie }] of standing.entries()) {
        const today = await timePage(dashboard.port, '/', cookie);
        const minutes = await timePage(dashboard.port, `/minutes?month=${month}`, cookie);
        if (turn < 0) continue;
        took[place]?.today.push(today);
        took[place]?.minutes.push(minutes);
      }
    }
    const pages = standing.map(({ calls }, place) => {
      const { today = [], minutes = [] } = took[place] ?? {};
      return {
        calls,
        todayMs: round(median(today), 1),
        todayP90Ms: round(percentile(today, 0.9), 1),
        minutesMs: round(median(minutes), 1),
        minutesP90Ms: round(percentile(minutes, 0.9), 1),
      };
    });
    return { pages, rebuilds };
  } finally {
    await Promise.all(standing.map(({ dashboard }) => dashboard.stop()));
  }
}
