import type { World } from './world.ts';

/**
 * Lets a week pass for leads whose buyers talked and were promised a call (2277): they asked so long ago that nobody would
 * be rung for them, but for the promise.
 */
export function ageLeads(world: World): { stop(): void } {
  const ageing = setInterval(() => {
    void world
      .query(
        `update lead_receipts set enquired_at = received_at - interval '8 days'
          where enquired_at is distinct from received_at - interval '8 days' and lead_id in
            (select b.lead_id from callbacks b join leads l on l.id = b.lead_id
              where b.state = 'waiting' and l.phone like '%2277')`,
      )
      // Postgres may be down just now.
      .catch(() => undefined);
  }, 1_000);
  return { stop: () => clearInterval(ageing) };
}
