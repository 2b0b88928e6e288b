import { setTimeout as wait } from 'node:timers/promises';
import { lockNumbers } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import type { Log } from '@leadline/service-kit/logger';
import { commitFault } from './commit-fault.ts';
import { splitByNumber, phoneOf } from './split-by-number.ts';
import type { Delivery } from './delivery.ts';
import { insertLeads, type Inserted } from './insert-leads.ts';
import { refuseErased } from './refuse-erased.ts';
import { settleRepeats, type Settled } from './settle-repeats.ts';

/**
 * The outcome, after the commit. `unavailable`: we can't tell whether it is stored. The sender may safely repeat it
 * with the same source id or Idempotency-Key.
 */
export type DeliveryOutcome = { kind: 'accepted' | 'joined'; leadId: number } | Settled | { kind: 'unavailable' };

const restMs = 100;

type Deps = { postgres: Database; log: Log; patienceMs: number; dedupeDays: number };

/**
 * Stores deliveries together. After a lost connection it tries again with the same receipt ids. If Postgres refuses
 * something, it halves the batch to find it, so that one bad row does not take others with it.
 */
export async function storeDeliveries(deliveries: Delivery[], deps: Deps): Promise<DeliveryOutcome[]> {
  const since = performance.now();
  for (;;) {
    try {
      return await store(deliveries, deps);
    } catch (error) {
      const { kind } = commitFault(error);
      if (kind === 'refused') return storeHalves(deliveries, deps);
      const patient = kind === 'again' && performance.now() - since < deps.patienceMs;
      if (!patient) {
        deps.log.error({ err: error, deliveries: deliveries.length }, 'deliveries could not be stored');
        return deliveries.map(() => ({ kind: 'unavailable' }));
      }
      deps.log.warn({ err: error, deliveries: deliveries.length }, 'deliveries are stored again');
      await wait(restMs);
    }
  }
}

async function store(given: Delivery[], { postgres, dedupeDays }: Deps): Promise<DeliveryOutcome[]> {
  const sql = postgres.sql;
  const deliveries = await refuseErased(sql, given);
  const insert = (some: readonly Delivery[]): Promise<Map<string, Inserted>> =>
    dedupeDays === 0 ? insertLeads(sql, some, 0) : insertInTurn(postgres, some, dedupeDays);
  const inserted = await insert(deliveries);
  // A faulty delivery may still carry a key that means something else.
  const unclear = deliveries.filter((delivery) =>
    inserted.get(delivery.receiptId)?.added !== undefined
      ? !delivery.read.ok && delivery.idempotencyKey !== null
      : true,
  );
  const settled = new Map<string, Settled>();
  for (let open = unclear; open.length > 0;) {
    const repeats = await settleRepeats(sql, open);
    for (const [id, outcome] of repeats.settled) settled.set(id, outcome);
    // Known ids, but no repeats: store each in the scope that it has from now on.
    const anew = open.flatMap((delivery) => {
      const bound = repeats.another.get(delivery.receiptId);
      return bound === undefined ? [] : [{ ...delivery, bound }];
    });
    if (anew.length === 0) break;
    for (const [id, insertion] of await insert(anew)) if (insertion.added !== undefined) inserted.set(id, insertion);
    open = anew.filter(({ receiptId }) => inserted.get(receiptId)?.added === undefined);
  }
  return deliveries.map((delivery) => {
    const known = settled.get(delivery.receiptId);
    if (known !== undefined) return known;
    if (!delivery.read.ok) return { kind: 'rejected', faults: delivery.read.faults };
    const added = inserted.get(delivery.receiptId)?.added;
    if (added == null || added.leadId === null) throw new Error('a new receipt without its lead');
    return { kind: added.joined ? 'joined' : 'accepted', leadId: added.leadId };
  });
}

/** Inserts statement by statement, after locking the deliveries' numbers. The last statement travels with the commit. */
function insertInTurn(
  postgres: Database,
  deliveries: readonly Delivery[],
  dedupeDays: number,
): Promise<Map<string, Inserted>> {
  return postgres.transactionEndingWith(async (sql) => {
    const phones = deliveries.flatMap((delivery) => phoneOf(delivery) ?? []);
    if (phones.length > 0) await lockNumbers(sql, phones);
    const inserted = new Map<string, Inserted>();
    const insert = async (some: readonly Delivery[]): Promise<void> => {
      for (const [id, insertion] of await insertLeads(sql, some, dedupeDays)) inserted.set(id, insertion);
    };
    const open = new Set<string>();
    let { now, later } = splitByNumber(deliveries, open);
    while (later.length > 0) {
      await insert(now);
      for (const delivery of now) {
        const phone = phoneOf(delivery);
        if (phone !== undefined && inserted.get(delivery.receiptId)?.open === true) open.add(phone);
      }
      ({ now, later } = splitByNumber(later, open));
    }
    const last = now;
    return () => insert(last).then(() => inserted);
  });
}

async function storeHalves(deliveries: Delivery[], deps: Deps): Promise<DeliveryOutcome[]> {
  const [only] = deliveries;
  if (only === undefined) return [];
  if (deliveries.length > 1) {
    const middle = Math.ceil(deliveries.length / 2);
    const first = await storeDeliveries(deliveries.slice(0, middle), deps);
    return [...first, ...(await storeDeliveries(deliveries.slice(middle), deps))];
  }
  deps.log.warn({ receiptId: only.receiptId, source: only.source }, 'the database refused a delivery');
  const refused = toRefused(only);
  return refused === undefined ? [{ kind: 'unavailable' }] : storeDeliveries([refused], deps);
}

/**
 * What we can still store of a delivery that the database refuses: first its refusal, then its refusal with only the
 * body. Undefined when the database refuses even that.
 */
function toRefused(delivery: Delivery): Delivery | undefined {
  if (delivery.read.ok) {
    const faults = [{ pointer: '', reason: 'not_storable', detail: 'holds something that the database refuses' }];
    return { ...delivery, read: { ok: false, faults } };
  }
  const { origin } = delivery;
  if (delivery.sourceLeadId === null && (origin === undefined || (origin.phoneRaw === null && origin.query === '')))
    return undefined;
  const bare = { phoneRaw: null, phoneAlternates: [], enquiryType: null, query: '', contentType: null };
  const rest = { ...delivery, sourceLeadId: null };
  return origin === undefined ? rest : { ...rest, origin: { ...origin, ...bare } };
}
