import { cutText } from '@leadline/contracts/cut-text';
import { indianOffset, indianZone, toIndianIso } from '@leadline/contracts/indian-time';
import {
  jobMetadata,
  maxNameCharacters,
  maxProductCharacters,
  type JobMetadata,
} from '@leadline/contracts/job-metadata';
import { toLearnt } from '@leadline/contracts/to-learnt';
import { row } from '@leadline/database/sql';
import { liveKitFault } from '@leadline/telephony/livekit';
import { requireWithin } from '@leadline/time/within';
import { z } from 'zod';
import type { Takeover } from './call-facts.ts';
import type { Deps } from './deps.ts';
import type { KeptCall } from './keep-call.ts';

const patienceMs = 5_000;
const tooLong = 'LiveKit took too long';

/**
 * Sends the agent of a takeover, once: the takeover is written before. A process that dies here sends none, and then the leg
 * ends when the wait is over. Never throws for LiveKit's faults.
 */
export async function sendAgent(kept: KeptCall, takeover: Takeover, deps: Deps): Promise<void> {
  const { livekit, metrics } = deps;
  const ids = { callId: kept.id, leadId: kept.leadId, takeover: kept.facts.takeovers.length + 1 };
  try {
    const job = await readJob(kept, deps);
    const metadata = JSON.stringify(toTakeoverJob(job, kept, takeover));
    await requireWithin(patienceMs, livekit.replaceAgent(kept.room, metadata), tooLong);
    metrics.takeovers.inc({ outcome: 'sent' });
    deps.log.warn(ids, 'the agent of a talk was lost; another one is sent to take over');
  } catch (error) {
    metrics.takeovers.inc({ outcome: 'failed' });
    deps.log.error({ ...liveKitFault(error), ...ids }, 'no other agent could be sent for a talk whose agent was lost');
  }
}

/** The first agent's job, with what has happened since. */
function toTakeoverJob(job: JobMetadata, { call, facts, erased }: KeptCall, takeover: Takeover): JobMetadata {
  const { at, lostAt } = takeover;
  const talkedMs = call.answeredAt === null ? null : at.getTime() - call.answeredAt.getTime();
  return {
    ...job,
    now: `${toIndianIso(at)}${indianOffset}`,
    zone: indianZone,
    takeover: {
      number: facts.takeovers.length + 1,
      secondsAlone: toSeconds(at.getTime() - lostAt.getTime()),
      secondsTalked: talkedMs === null ? null : toSeconds(talkedMs),
      learnt: erased ? {} : toLearnt([call.answers]),
    },
  };
}

function toSeconds(ms: number): number {
  return Math.max(0, Math.round(ms / 100) / 10);
}

const person = z.object({ name: z.string().nullable(), phone: z.string().nullable(), product: z.string().nullable() });

/** LiveKit keeps what the first agent was told; where it has forgotten that, the rows tell the most of it. */
async function readJob(kept: KeptCall, { livekit, postgres }: Deps): Promise<JobMetadata> {
  const { id, leadId, room, attempt, call, erased } = kept;
  if (!erased) {
    const told = await requireWithin(patienceMs, livekit.readJob(room), tooLong).catch(() => undefined);
    const read = jobMetadata.safeParse(readJson(told ?? ''));
    if (read.success) return read.data;
  }
  const found = erased
    ? undefined
    : await row(
        postgres.sql,
        person,
        `select c.name, c.phone, l.product_name as product from calls c left join leads l on l.id = c.lead_id where c.id = $1`,
        [id],
      );
  const product = cutText(found?.product ?? '', maxProductCharacters);
  return {
    version: 1,
    room,
    callId: id,
    leadId: leadId ?? 0,
    attempt,
    mode: call.mode ?? 'sarvam',
    name: cutText(found?.name ?? '', maxNameCharacters),
    phone: found?.phone ?? '',
    products: product === '' ? [] : [product],
    messageLeft: kept.facts.messageLeft,
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
