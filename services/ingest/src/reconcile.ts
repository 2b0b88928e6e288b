import type { ResultOf } from '@leadline/contracts/command';
import { reconcile } from '@leadline/contracts/commands/reconcile';
import { leadEnquiryAdded } from '@leadline/contracts/events/lead-enquiry-added';
import type { Database } from '@leadline/database/open-database';
import { rows, type Sql } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { keepSaid, moveSequence, readSaidSince, type SaidEvent } from '@leadline/messaging/reconcile';
import { z } from 'zod';

type LostEnquiry = ResultOf<typeof reconcile.ingest>['lostEnquiries'][number];

/**
 * `ops.ingest.reconcile` { who, reason }: somebody restored the database from a backup. Moves the sequence of lead ids
 * past all published ones, and lists the leads that the backup lacks. Safe to repeat.
 */
export function answerReconcile(nats: Nats, postgres: Database): Promise<Answering> {
  return answer(nats, reconcile.ingest, async (asked) => {
    const published = await readSaidSince(nats, postgres.sql, 'ingest');
    const reconciled = await postgres.transaction(async (sql) => {
      await keepSaid(sql, 'ingest', published);
      const leads = new Map(published.events.map(({ about, time }) => [about.leadId ?? 0, time]));
      if (leads.size > 0) await moveSequence(sql, 'leads', Math.max(...leads.keys()));
      // A lead made after the event only reuses the lost lead's id.
      const there = await rows(
        sql,
        z.object({ id: z.number() }),
        `select l.id from leads l join jsonb_to_recordset($1::jsonb) as r(id int, at timestamptz) on r.id = l.id
          where l.created_at <= r.at + interval '1 second'`,
        [JSON.stringify([...leads].map(([id, at]) => ({ id, at })))],
      );
      const known = new Set(there.map(({ id }) => id));
      const lostLeads = [...leads.keys()].filter((id) => id > 0 && !known.has(id)).toSorted((a, b) => a - b);
      return {
        events: published.events.length,
        lostLeads,
        lostEnquiries: await findLostEnquiries(sql, published.events),
      };
    });
    nats.log.warn({ ...reconciled, who: asked.who }, 'reconciled with the streams by an operator');
    return reconciled;
  });
}

async function findLostEnquiries(sql: Sql, events: SaidEvent[]): Promise<LostEnquiry[]> {
  const enquiries = events.flatMap(({ type, data }) => {
    const parsed = type === leadEnquiryAdded.type ? leadEnquiryAdded.schema.safeParse(data) : undefined;
    return parsed?.success === true ? [parsed.data] : [];
  });
  const there = await rows(
    sql,
    z.object({ receiptId: z.string() }),
    `select receipt_id from lead_enquiries where receipt_id = any($1::uuid[])`,
    [enquiries.map(({ enquiryId }) => enquiryId)],
  );
  const known = new Set(there.map(({ receiptId }) => receiptId));
  return enquiries.flatMap(({ enquiryId, leadId, enquirySource: source, enquiredAt }) =>
    known.has(enquiryId) ? [] : [{ leadId, source, enquiredAt }],
  );
}
