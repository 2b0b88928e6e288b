import { setTimeout as wait } from 'node:timers/promises';
import { canary, postLead, type Posted } from './feed-leads.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** A buyer who asks for more, and at which moment of his lead's life. */
export type Asked = Posted & { moment: string };

/** The moments at which an enquiry could be answered and forgotten. What is past by the time it is sent is a moment too. */
const moments = `
  select l.phone, case
           when c.status = 'calling' and l.retry_count >= $1 then 'while the last attempt is under way'
           when c.status in ('called', 'pushed') then 'between push and settling'
           when c.status = 'failed' and l.retry_count >= $1 then 'as the lead is given up'
           when c.status = 'calling' then 'while an attempt is under way'
           when d.call_id is null then 'while a retry waits'
         end as moment
    from leads l
    left join dials d on d.lead_id = l.id and d.decided_at is null
    left join calls c on c.id = d.call_id
   where d.call_id is not null or l.status = 'new' and l.retry_count > 0`;

const product = (n: number): string => `Machine ${n}`;
/** The share of all that ask again at each moment, so that the frequent moments leave room for the rare ones. */
const shares = new Map([
  ['while an attempt is under way', 0.1],
  ['while a retry waits', 0.2],
  ['between push and settling', 0.2],
  ['while the last attempt is under way', 0.4],
  ['as the lead is given up', 0.1],
]);

/**
 * Asks again in the name of buyers whose lead is just at one of those moments, over an ingest that lets enquiries join,
 * until it is stopped. Each number asks again once.
 */
export function askAgain(
  world: World,
  options: { random: Random; most: number; asked: Asked[] },
): { stop(): Promise<void> } {
  const { random, most, asked } = options;
  const stopping = new AbortController();
  const chosen = new Set<string>();
  const sending: Promise<void>[] = [];
  const asking = (async () => {
    while (!stopping.signal.aborted) {
      await wait(150);
      const found = await world
        .query<{ phone: string; moment: string | null }>(moments, [world.policy.maxRetries])
        .catch(() => []);
      for (const { phone, moment } of found) {
        if (moment === null || chosen.has(phone)) continue;
        const sameMoment = asked.filter((enquiry) => enquiry.moment === moment).length;
        if (sameMoment >= most * (shares.get(moment) ?? 0) || random.chance(0.5)) continue;
        chosen.add(phone);
        const enquiry: Asked = {
          sourceLeadId: `again-${asked.length}`,
          phone,
          moment,
          ids: [],
          toldAt: [],
          refused: [],
        };
        asked.push(enquiry);
        const lead = { ...canary, phone, sourceLeadId: enquiry.sourceLeadId, productName: product(asked.length) };
        sending.push(postLead(world, world.joiningUrl, enquiry, { lead, key: random.chance(0.3) }));
      }
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await asking;
      await Promise.all(sending);
    },
  };
}
