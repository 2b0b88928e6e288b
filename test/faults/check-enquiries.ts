import type { Campaign } from './campaign.ts';
import type { Check, Violation } from './invariants.ts';
import type { Ledgers } from './ledgers.ts';

type Kept = { id: string; source_lead_id: string; lead_id: number; received_at: Date; joined: boolean };
type Told = {
  enquiry_id: string;
  lead_id: number;
  enquiries: string[] | null;
  task_id: string | null;
  failed: boolean;
};

/** A lead that ends so is seen by people, with its reason, and nobody expects a call. */
const refusals = [
  'do_not_call',
  'invalid_number',
  'dnd_listed',
  'too_old',
  'test_lead',
  // Whoever has this number, or the network, says that it is not the buyer’s: no dial can reach the buyer.
  'wrong_number',
  'no_such_number',
];

/** What was accepted, and whether it joined a lead that was there. */
export function readAccepted({ world }: Campaign): Promise<Kept[]> {
  return world.query<Kept>(
    `select r.id, r.source_lead_id, r.lead_id, r.received_at, e.receipt_id is not null as joined
       from lead_receipts r left join lead_enquiries e on e.receipt_id = r.id
      where r.verdict = 'accepted' and r.source_lead_id is not null`,
  );
}

export function readTold({ world }: Campaign): Promise<Told[]> {
  return world.query<Told>(
    `select enquiry_id, lead_id, enquiries, task_id, failed_at is not null as failed from crm_enquiries`,
  );
}

/**
 * Every enquiry that was answered 2xx has, after it, a dial, a task in the CRM that tells of it, or a refusal that people
 * see. A dial is one of which the enquiry could be heard: the phone rang after it, or its attempt was made after it.
 */
export const checkConsequences: Check = async (campaign, ledgers) => {
  const violations: Violation[] = [];
  const { world } = campaign;
  const [kept, told] = await Promise.all([readAccepted(campaign), readTold(campaign)]);
  const made = await world.query<{ id: number; created_at: Date }>(`select id, created_at from calls`);
  const madeAt = new Map(made.map(({ id, created_at }) => [id, created_at.getTime()]));
  const listed = await world.query<{
    call_room: string;
    enquiries: string[] | null;
    sent_at: Date | null;
    failed: boolean;
  }>(
    `select c.call_room, p.enquiries, p.sent_at, p.failed_at is not null as failed from crm_pushes p join calls c on c.id = p.call_id`,
  );
  const facts = {
    told,
    madeAt,
    rungAt: newestRings(ledgers),
    listed: new Map(listed.map((row) => [row.call_room, row])),
    tasks: new Set(ledgers.crm.flatMap(({ event, room }) => (event === 'task.created' && room ? [room] : []))),
  };
  for (const enquiry of kept) {
    const moment = campaign.asked.find(({ sourceLeadId }) => sourceLeadId === enquiry.source_lead_id)?.moment;
    if (!hasConsequence(enquiry, ledgers, facts))
      violations.push({
        what: `${enquiry.source_lead_id}${moment === undefined ? '' : `, asked ${moment},`} was accepted and nothing came of it`,
        leadId: enquiry.lead_id,
      });
  }
  return { checked: kept.length, violations };
};

type Facts = {
  told: Told[];
  madeAt: Map<number, number>;
  rungAt: Map<string, number>;
  listed: Map<string, { enquiries: string[] | null; sent_at: Date | null; failed: boolean }>;
  tasks: Set<string>;
};

function hasConsequence(kept: Kept, ledgers: Ledgers, facts: Facts): boolean {
  const lead = ledgers.leads.find(({ id }) => id === kept.lead_id);
  if (lead === undefined) return false;
  if (lead.status === 'failed' && refusals.includes(lead.failure_reason ?? '')) return true;
  const receivedAt = kept.received_at.getTime();
  const isTold = facts.told.some(
    ({ enquiry_id, enquiries, failed }) =>
      (enquiry_id === kept.id || enquiries?.includes(kept.id) === true) &&
      (failed || facts.tasks.has(`enquiry-${enquiry_id}`)),
  );
  if (isTold) return true;
  return ledgers.calls
    .filter(({ lead_id }) => lead_id === kept.lead_id)
    .some((call) => {
      const push = facts.listed.get(call.call_room);
      // An older version tells of all that was there when it sent the task, and does not keep which.
      const isInTask = push?.enquiries?.includes(kept.id) ?? (push?.sent_at?.getTime() ?? 0) > receivedAt;
      const isListed = push?.failed === true || (facts.tasks.has(call.call_room) && isInTask);
      const rungAt = facts.rungAt.get(call.call_room) ?? Number.NEGATIVE_INFINITY;
      return isListed || rungAt > receivedAt || (facts.madeAt.get(call.id) ?? 0) > receivedAt;
    });
}

function newestRings({ phone }: Ledgers): Map<string, number> {
  return new Map(phone.flatMap(({ event, room, at }) => (event === 'invite' ? [[room, at] as const] : [])));
}
