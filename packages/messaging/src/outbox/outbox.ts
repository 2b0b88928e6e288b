import { publishes } from '@leadline/contracts/publishers';
import { serviceOf, type PublishingService } from '@leadline/contracts/services';
import type { EventContract, PayloadOf } from '@leadline/contracts/event';
import { toHeaders } from '@leadline/contracts/envelope';
import { databaseNow } from '@leadline/database/locks';
import { affected, type Sql } from '@leadline/database/sql';
import { randomUUID } from 'node:crypto';
import { currentTraceparent } from '@leadline/tracing/span';

/** A service's table of events to publish. */
export function outboxTable(service: PublishingService): string {
  const { outbox } = serviceOf(service);
  if (outbox === null) throw new Error(`${service} has no outbox`);
  return outbox;
}

export type OutboxItem<Contract extends EventContract> = {
  /** The lead or call, such as `lead/42`: events with the same one keep their order. */
  subject: string;
  data: PayloadOf<Contract>;
  /** When it happened; by default now, by the database's clock. */
  time?: Date;
};

/**
 * Adds an event to the service's outbox in the caller's transaction: it is published if and only if that commits.
 * @throws ZodError when the payload does not fit its contract
 */
export function enqueue<Contract extends EventContract>(
  sql: Sql,
  service: PublishingService,
  contract: Contract,
  item: OutboxItem<Contract>,
): Promise<void> {
  return enqueueMany(sql, service, contract, [item]);
}

/** Adds many events of one contract in one statement. */
export async function enqueueMany<Contract extends EventContract>(
  sql: Sql,
  service: PublishingService,
  contract: Contract,
  items: OutboxItem<Contract>[],
): Promise<void> {
  if (items.length === 0) return;
  const now = items.every(({ time }) => time !== undefined) ? undefined : await databaseNow(sql);
  const records = items.map((item) => {
    const time = item.time ?? now;
    if (time === undefined) throw new Error('an event without a time');
    return toOutboxRecord(service, contract, { ...item, time });
  });
  await affected(
    sql,
    `with added as (${addRecords(service, '$1::jsonb', 'true')}) select pg_notify('${outboxTable(service)}', '')`,
    [JSON.stringify(records)],
  );
}

/**
 * An event in the form of `addRecords`, for statements that also write something else.
 * @throws ZodError when the payload does not fit its contract
 */
export function toOutboxRecord<Contract extends EventContract>(
  service: PublishingService,
  contract: Contract,
  item: Required<OutboxItem<Contract>>,
): Record<string, unknown> {
  if (!publishes[service].includes(contract.type)) throw new Error(`${contract.type} is not ${service}'s to say`);
  const traceparent = currentTraceparent();
  const id = randomUUID();
  return {
    id,
    aggregate: item.subject,
    subject: contract.type,
    headers: {
      ...toHeaders({ id, type: contract.type, source: service, subject: item.subject, time: item.time }),
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    payload: contract.schema.parse(item.data),
  };
}

/**
 * SQL that adds a JSON list of such records to the service's outbox if the condition holds. The caller also notifies
 * the channel with the table's name: the notification leaves at the commit and wakes the relay, and equal ones merge.
 */
export function addRecords(service: PublishingService, records: string, condition: string): string {
  return `insert into ${outboxTable(service)} (id, aggregate, subject, headers, payload)
    select r.id, r.aggregate, r.subject, r.headers, r.payload
      from jsonb_to_recordset(${records}) as r(id uuid, aggregate text, subject text, headers jsonb, payload jsonb)
     where ${condition}`;
}
