import type { Delivery } from './delivery.ts';

/**
 * Splits deliveries: those that may share a statement, and those that wait for the next one. A statement does not see
 * the leads that it makes, so it takes at most one enquiry of a number without an open lead, plus its certain repeats.
 */
export function splitByNumber(
  deliveries: readonly Delivery[],
  /** Numbers that have an open lead. */
  open: ReadonlySet<string>,
): { now: Delivery[]; later: Delivery[] } {
  const firsts = new Map<string, Delivery>();
  const now: Delivery[] = [];
  const later: Delivery[] = [];
  for (const delivery of deliveries) {
    const phone = phoneOf(delivery);
    if (phone === undefined || open.has(phone)) {
      now.push(delivery);
      continue;
    }
    const first = firsts.get(phone);
    if (first === undefined) firsts.set(phone, delivery);
    (first === undefined || areOne(first, delivery) ? now : later).push(delivery);
  }
  return { now, later };
}

/** Undefined for a delivery that is no lead. */
export function phoneOf({ read }: Delivery): string | undefined {
  return read.ok ? read.lead.phone : undefined;
}

/** Whether at most one of the two can be new, whatever came before. */
function areOne(a: Delivery, b: Delivery): boolean {
  if (a.source !== b.source) return false;
  const sameId = a.sourceLeadId !== null && a.sourceLeadId === b.sourceLeadId && a.idScope === b.idScope;
  return sameId || (a.idempotencyKey !== null && a.idempotencyKey === b.idempotencyKey);
}
