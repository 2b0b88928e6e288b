import { every, type Timer } from '@leadline/service-kit/every';
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
  lookForWork,
} from './project.ts';
import { rebuildEvents } from './rebuild-events.ts';

/** Changes of calls within this time are projected together: after a rest, and from one projection to the next. */
const gatherMs = { rested: 250, busy: 1_000 };
/** Events wake it; only what other programs write is met by its own look. */
const restFactor = 5;
/** A lead that was committed after one with a higher id is met this much later, unless its event came before. */
const readAgainMs = 10_000;

/**
 * Keeps the read model up to date, and builds a new one beside it if somebody asked for that. A look without a lock
 * finds what there is to do; at rest that is the only cost.
 */
export function runProjector(deps: Deps, eachMs = 1_000): Timer {
  const { log } = deps;
  let stopping = false;
  const isStopping = (): boolean => stopping;
  const repeat = async (step: () => Promise<boolean>): Promise<void> => {
    while (!stopping && (await step())) continue;
  };

  /** The newest lead that was read, and when: those near it may still be on their way to their commit. */
  let newest = { id: 0, at: 0 };
  let projectedAt = Number.NEGATIVE_INFINITY;
  const changes = every({
    name: 'keep changed calls and new leads',
    ms: eachMs,
    restMs: eachMs * restFactor,
    async work() {
      const found = await lookForWork(deps);
      if (found.hasChanges) await repeat(async () => (await keepChangedCalls(deps)) > 0);
      const isNew = found.newestLead !== null && found.newestLead !== newest.id;
      if (isNew || (found.newestLead !== null && performance.now() - newest.at > readAgainMs)) {
        newest = { id: found.newestLead ?? 0, at: performance.now() };
        await repeat(() => keepNewLeads(deps));
      }
      projectedAt = performance.now();
      return found.hasChanges || isNew ? undefined : 'rest';
    },
    log,
  });
  /** The generation for which all older rows are gone. */
  let cleanedFor: number | undefined;
  const builds = every({
    name: 'grow a build',
    ms: 5_000,
    restMs: 15_000,
    async work() {
      await beginNeededBuild(deps);
      const [first, next] = await readBuilds(deps.postgres.sql);
      const growing = [first, next].find((build) => build?.state === 'building');
      if (growing === undefined) {
        if (first === undefined || first.generation === cleanedFor) return 'rest';
        await repeat(() => cleanUp(deps));
        if (!stopping) cleanedFor = first.generation;
        return undefined;
      }
      await repeat(() => growBuild(deps));
      // Before there is a serving build, the durables deliver every event anyway.
      if (first?.state === 'serving') await rebuildEvents(deps, growing.generation, isStopping);
      if (stopping) return undefined;
      await finishBuild(deps, growing.generation);
      log.info({ generation: growing.generation }, 'a new read model is served');
      return undefined;
    },
    log,
  });
  const logins = every({ name: 'forget old logins', ms: 600_000, work: () => forgetOldLogins(deps), log });
  let soon: NodeJS.Timeout | undefined;
  return {
    wake() {
      const sinceMs = performance.now() - projectedAt;
      soon ??= setTimeout(
        () => {
          soon = undefined;
          changes.wake();
        },
        Math.max(gatherMs.rested, gatherMs.busy - sinceMs),
      );
    },
    async stop() {
      stopping = true;
      clearTimeout(soon);
      await Promise.all([changes.stop(), builds.stop(), logins.stop()]);
    },
  };
}
