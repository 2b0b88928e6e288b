import { bench, type Settings } from '@leadline/world/timings';
import { toSettings } from '@leadline/world/to-settings';
import { setTimeout as wait } from 'node:timers/promises';
import { raceAccepting, type Contender, type Rate } from './race-accepting.ts';
import { keys, nobody, type Servers, type Stand } from './servers.ts';
import { startProcess, type RunningProcess } from './start-process.ts';
import { ownTree, programOf, type Tree } from './tree.ts';

export type Accepting = Record<'ingest' | 'route' | 'plain', Rate>;

/** Leads accepted a second by ingest, by a bare route and by a plain service. */
export async function measureAccepting(servers: Servers, say: (line: string) => void): Promise<Accepting> {
  const [forIngest, forPlain] = [await servers.stand('ingest'), await servers.stand('plain')];
  const running = {
    ingest: await startIngest(ownTree, forIngest),
    route: await startRoute(),
    plain: await startPlain(forPlain),
  };
  try {
    return await raceAccepting(
      {
        ingest: toContender(running.ingest, forIngest),
        route: toContender(running.route),
        plain: toContender(running.plain),
      },
      { rounds: 3, seconds: 3, warmUpSeconds: 2 },
      say,
    );
  } finally {
    await Promise.all(Object.values(running).map((service) => service.stop()));
  }
}

export function startIngest(tree: Tree, stand: Stand): Promise<RunningProcess> {
  return startProcess(programOf(tree, 'services/ingest/src/main.ts'), toIngest(stand));
}

function toIngest(stand: Stand): Settings {
  return toSettings('ingest', { servers: stand.servers('ingest'), simulator: nobody, keys, timings: bench });
}

export function startRoute(): Promise<RunningProcess> {
  return startProcess(programOf(ownTree, 'test/bench/bare-route.ts'), {});
}

export function startPlain(stand: Stand): Promise<RunningProcess> {
  return startProcess(programOf(ownTree, 'test/bench/plain-service.ts'), toIngest(stand));
}

/** One of them. Ingest on its stand has settled when everything is published. */
export function toContender({ port }: RunningProcess, stand?: Stand): Contender {
  return {
    port,
    async settled() {
      if (stand === undefined) return;
      while ((await stand.query('select from ingest_outbox where published_at is null limit 1')).length > 0)
        await wait(50);
    },
  };
}
