import { canary, postLead, type Posted } from './feed-leads.ts';
import type { Campaign } from './campaign.ts';
import type { CallbackRow, Ledgers, PhoneLine } from './ledgers.ts';

/** A buyer who is busy when called, and asks to be called back so long after. In the second call he has time. */
export type Promised = { number: string; inMs: number; ringMs?: number; talkMs?: number };

/** Sends a lead of such a buyer. Resolves once it is taken. */
export async function feedPromise(campaign: Campaign, promised: Promised): Promise<void> {
  const { number, inMs, ringMs = 300, talkMs = 1_000 } = promised;
  const { world, posted } = campaign;
  await world.control('/script', {
    number,
    outcomes: [{ callee: 'answers', ringMs, talkMs, agent: { reports: [], callback: { inMs } } }],
  });
  const one: Posted = { sourceLeadId: `promise-${number.slice(-10)}`, phone: number, ids: [], toldAt: [], refused: [] };
  posted.push(one);
  const lead = { ...canary, phone: number, productName: 'Paper cup machine', sourceLeadId: one.sourceLeadId };
  await postLead(world, world.ingestUrl, one, { lead, key: false });
}

/** What the phone of a number saw, and what its buyer was promised. */
export function promiseOf(
  { phone, leads, callbacks }: Ledgers,
  number: string,
): { invites: PhoneLine[]; rows: CallbackRow[]; leadIds: number[] } {
  const isOwn = (other: string): boolean => other.slice(-10) === number.slice(-10);
  const leadIds = leads.filter((lead) => isOwn(lead.phone)).map(({ id }) => id);
  return {
    invites: phone.filter((line) => line.event === 'invite' && isOwn(line.number)),
    rows: callbacks.filter(({ lead_id }) => leadIds.includes(lead_id)),
    leadIds,
  };
}
