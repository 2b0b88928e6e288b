import type { Check } from '@leadline/frame/open-frame';
import { within } from '@leadline/time/within';
import { toFaultWords, type LiveKit } from '@leadline/telephony/livekit';
import type { Log } from '@leadline/service-kit/logger';
import type { Deps } from './deps.ts';
import type { Knowledge } from './watch-generation.ts';

const trunkPatienceMs = 10_000;

/** Whether the streams exist and have been compared with the database. */
export async function lookAtStreams(streams: Check, deps: Deps): Promise<true | string> {
  const knowledge = await askKnowledge(deps);
  const made = await streams();
  return made === true && knowledge === 'not_compared' ? 'not compared with the database yet' : made;
}

/** Whether the database knows all events of the streams, by the relay's check and by the claim's. */
export async function lookAtOutbox(outbox: Check, deps: Deps): Promise<true | string> {
  const published = await outbox();
  if (published !== true) return published;
  return (await askKnowledge(deps)) === 'older' ? 'the database is older than the streams' : true;
}

/** True, or how long agents' reports have not arrived. */
export async function lookAtReports({ reports, postgres }: Deps): Promise<true | string> {
  const heard = await reports.isHeard(postgres.sql);
  if (heard === true) return true;
  return Number.isFinite(heard) ? `not heard for ${Math.round(heard / 1_000)} s` : 'never heard';
}

/** True if LiveKit accepts our key and knows the trunk; otherwise what is wrong. */
export async function lookForTrunk(livekit: Pick<LiveKit, 'hasTrunk'>, trunkId: string): Promise<true | string> {
  try {
    return (await livekit.hasTrunk(trunkId)) || `knows no outbound trunk ${trunkId}: check SIP_TRUNK_ID`;
  } catch (error) {
    return toFaultWords(error);
  }
}

/**
 * Logs at the start whether LiveKit knows the trunk, so that a wrong SIP_TRUNK_ID is seen before the first lead. It only
 * tells: each dial finds out by itself.
 */
export async function tellOfTrunk(livekit: Pick<LiveKit, 'hasTrunk'>, trunkId: string, log: Log): Promise<void> {
  const state =
    (await within(trunkPatienceMs, lookForTrunk(livekit, trunkId))) ??
    'does not answer: check LIVEKIT_URL and the way there';
  if (state === true) log.info('LiveKit knows the trunk');
  else log.warn({ livekit: state }, 'no call can be placed before this is repaired');
}

/** What the claim reads from the database. If Postgres does not answer, the part `database` says so. */
function askKnowledge({ generation: database, postgres }: Deps): Promise<Knowledge | undefined> {
  return within(
    2_000,
    database.knowledge(postgres.sql).catch(() => undefined),
  );
}
