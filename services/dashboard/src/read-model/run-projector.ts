import { every } from '@leadline/service-kit/every';
import { readBuilds } from './builds.ts';
import type { Deps } from '../deps.ts';
import {
  beginNeededBuild,
  cleanUp,
  finishBuild,
  forgetOldLogins,
  growBuild,
  keepChangedCalls,
  keepNewLeads,
} from './project.ts';
import { rebuildEvents } from './rebuild-events.ts';

export type Projector = { wake(): void; stop(): Promise<void> };

/** Keeps the read model up to date, and lets a new read model grow beside it when one was begun. */
export function runProjector(deps: Deps, eachMs = 500): Projector {
  const { log } = deps;
  let stopping = false;
  const isStopping = (): boolean => stopping;
  const repeat = async (step: () => Promise<boolean>): Promise<void> => {
    while (!stopping && (await step())) continue;
  };

  const changes = every({
    name: 'keep changed calls',
    ms: eachMs,
    work: () => repeat(async () => (await keepChangedCalls(deps)) > 0),
    log,
  });
  const leads = every({ name: 'keep new leads', ms: 2_000, work: () => repeat(() => keepNewLeads(deps)), log });
  const builds = every({
    name: 'grow a build',
    ms: 2_000,
    async work() {
      await beginNeededBuild(deps);
      const [first, next] = await readBuilds(deps.postgres.em());
      const growing = [first, next].find((build) => build?.state === 'building');
      if (growing === undefined) return repeat(() => cleanUp(deps));
      await repeat(() => growBuild(deps));
      // Before there was a serving one the durables bring every event themselves.
      if (first?.state === 'serving') await rebuildEvents(deps, growing.generation, isStopping);
      if (stopping) return;
      await finishBuild(deps, growing.generation);
      log.info({ generation: growing.generation }, 'a new read model is served');
    },
    log,
  });
  const logins = every({ name: 'forget old logins', ms: 600_000, work: () => forgetOldLogins(deps), log });
  return {
    wake: () => changes.wake(),
    async stop() {
      stopping = true;
      await Promise.all([changes.stop(), leads.stop(), builds.stop(), logins.stop()]);
    },
  };
}
