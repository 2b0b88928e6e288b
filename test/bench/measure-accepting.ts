import { setTimeout as wait } from 'node:timers/promises';
import { median, percentile } from './figures.ts';
import { generateLoad, type Load } from './generate-load.ts';
import { anyPhone, leadBody } from './leads.ts';
import type { Servers } from './servers.ts';
import { startProcess, type RunningProcess } from './start-process.ts';

export type Accepting = Record<'ingest' | 'route' | 'plain', { perSecond: number; p50: number; p99: number }>;

const connections = 256;
const rounds = 3;
const secondsEach = 3;
const warmUpSeconds = 2;
const key = 'bench-api-key-of-website';

/**
 * Leads accepted a second by ingest, by a bare route and by a plain service, one after the other under the same load,
 * in several rounds so that what else the machine does falls on all three.
 */
export async function measureAccepting(servers: Servers, say: (line: string) => void): Promise<Accepting> {
  const [forIngest, forPlain] = [await servers.stand('ingest'), await servers.stand('plain')];
  const running = {
    ingest: await startProcess(new URL('../../services/ingest/src/main.ts', import.meta.url), {
      ...forIngest.settings('ingest', 'ingest'),
      API_KEYS: `website:${key}`,
    }),
    route: await startProcess(new URL('bare-route.ts', import.meta.url), {}),
    plain: await startProcess(new URL('plain-service.ts', import.meta.url), forPlain.settings('ingest', 'ingest')),
  } satisfies Record<string, RunningProcess>;
  let n = 0;
  const load = async (who: keyof typeof running, seconds: number): Promise<Load> => {
    const measured = await generateLoad(
      { port: running[who].port, path: '/v1/leads', headers: { authorization: `Bearer ${key}` } },
      { connections, seconds, body: () => leadBody(++n, anyPhone(n)) },
    );
    if (measured.refused > 0) throw new Error(`${who} refused ${measured.refused} leads`);
    // What ingest still has to publish would take its time from the next one's turn.
    while ((await forIngest.query(`select from ingest_outbox where published_at is null limit 1`)).length > 0) {
      await wait(50);
    }
    return measured;
  };

  const order = ['ingest', 'route', 'plain'] as const;
  for (const who of order) await load(who, warmUpSeconds);
  const loads: Record<(typeof order)[number], Load[]> = { ingest: [], route: [], plain: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const who of order) loads[who].push(await load(who, secondsEach));
    say(
      `accepting, round ${round} of ${rounds}: ${order.map((who) => `${who} ${loads[who].at(-1)?.perSecond.toFixed(0)}/s`).join(', ')}`,
    );
  }
  await Promise.all(Object.values(running).map((one) => one.stop()));
  const toFigures = (all: Load[]): Accepting['ingest'] => ({
    perSecond: median(all.map((one) => one.perSecond)),
    p50: percentile(
      all.flatMap((one) => one.latenciesMs),
      0.5,
    ),
    p99: percentile(
      all.flatMap((one) => one.latenciesMs),
      0.99,
    ),
  });
  return { ingest: toFigures(loads.ingest), route: toFigures(loads.route), plain: toFigures(loads.plain) };
}
