import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { driveLeads, toPhonesPerSecond, toPostToInviteMs, untilInvited, type Sent } from './drive-leads.ts';
import { percentile, round } from './figures.ts';
import type { Servers, Stand } from './servers.ts';
import { startSystem } from './start-system.ts';
import { ownTree } from './tree.ts';

/** How many of the leads that were sent had their phone rung within the wait. */
export type Dialled = { sent: number; inTime: number };

export type Dialling = {
  endToEndPerSecond: number;
  postToDialMs: { p50: number; p99: number };
  /** Medians of the steps between POST and INVITE, ms. */
  stepsMs: Record<'accept' | 'claim' | 'agent and permit' | 'invite', number>;
  dialled: { paced: Dialled; burst: Dialled };
};

const warmUpLeads = 20;
const latencyLeads = 200;
const latencyPerSecond = 10;
const burstLeads = 1_000;
const waitMs = { warmUp: 20_000, paced: 30_000, burst: 90_000 };

/**
 * Leads on their whole way, POST to INVITE, through all four services: first a few a second for how long one takes, then
 * a burst for how many fit through. What was not dialled within its wait is told, and is in no other figure.
 */
export async function measureDialling(servers: Servers, say: (line: string) => void): Promise<Dialling> {
  const stand = await servers.stand('dialling');
  const folder = join(servers.folder, 'dialling-logs');
  mkdirSync(folder);
  const system = await startSystem(ownTree, stand, {
    folder,
    services: ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher'],
  });
  const leads = driveLeads(system);
  try {
    // The first few pay for connections and compilation.
    await untilInvited(system.phoneLog, await leads.burst(warmUpLeads), waitMs.warmUp);

    say(`dialling: ${latencyLeads} leads, ${latencyPerSecond} a second`);
    const paced = await leads.paced(latencyLeads, latencyPerSecond);
    const pacedInvites = await untilInvited(system.phoneLog, paced, waitMs.paced);
    const takenMs = toPostToInviteMs(paced, pacedInvites);
    const stepsMs = await readSteps(stand, paced, pacedInvites);
    const postToDialMs = { p50: round(percentile(takenMs, 0.5), 0), p99: round(percentile(takenMs, 0.99), 0) };
    say(
      `dialling: ${takenMs.length} of ${paced.size} dialled in time, p50 ${postToDialMs.p50} ms, p99 ${postToDialMs.p99} ms; a burst of ${burstLeads} leads`,
    );

    const burst = await leads.burst(burstLeads);
    const burstInvites = await untilInvited(system.phoneLog, burst, waitMs.burst);
    say(`dialling: ${burstInvites.size} of ${burst.size} dialled in time`);
    return {
      endToEndPerSecond: round(toPhonesPerSecond(burst, burstInvites), 1),
      postToDialMs,
      stepsMs,
      dialled: {
        paced: { sent: paced.size, inTime: takenMs.length },
        burst: { sent: burst.size, inTime: burstInvites.size },
      },
    };
  } finally {
    await system.stop();
  }
}

const step = z.object({ phone: z.string(), created_at: z.date(), claimed_at: z.date(), sent_at: z.date() });

/** Where the time went, by the rows' own times: Postgres runs on this machine and has its clock. */
async function readSteps(
  stand: Stand,
  sentAt: Sent,
  invites: ReadonlyMap<string, number>,
): Promise<Dialling['stepsMs']> {
  const found = z
    .array(step)
    .parse(
      await stand.query(
        `select l.phone, l.created_at, d.claimed_at, d.sent_at from dials d join leads l on l.id = d.lead_id where d.sent_at is not null`,
      ),
    )
    .filter(({ phone }) => sentAt.has(phone) && invites.has(phone));
  const half = (ms: (call: z.infer<typeof step>) => number): number => round(percentile(found.map(ms), 0.5), 0);
  return {
    accept: half((call) => call.created_at.getTime() - (sentAt.get(call.phone) ?? Number.NaN)),
    claim: half((call) => call.claimed_at.getTime() - call.created_at.getTime()),
    'agent and permit': half((call) => call.sent_at.getTime() - call.claimed_at.getTime()),
    invite: half((call) => (invites.get(call.phone) ?? Number.NaN) - call.sent_at.getTime()),
  };
}
