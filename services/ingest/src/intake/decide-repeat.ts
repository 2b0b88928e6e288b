import { isKeyId, ofNumber, ofWish, toComparable } from './id-scopes.ts';
import type { Fault } from './lead-schema.ts';

/** What we look up among the receipts: did this come before? */
export type Delivered = {
  receiptId: string;
  source: string;
  /** Where the source's ids count: '' means everywhere in this source. */
  idScope: string;
  sourceLeadId: string | null;
  idempotencyKey: string | null;
  bodyHash: string;
};

/** The person who enquires, and what for. */
export type About = {
  /** E.164. */
  phone: string;
  /** The keyed hash that receipts keep. */
  numberHash: string;
  /** This person asked to be erased. */
  isErased: boolean;
  productName: string | null;
  message: string | null;
  wishHash: string;
  way: string;
};

/** A receipt that may make a delivery a repeat. */
export type StoredReceipt = {
  id: string;
  source: string;
  idScope: string;
  sourceLeadId: string | null;
  idempotencyKey: string | null;
  bodyHash: string;
  verdict: 'accepted' | 'rejected';
  faults: Fault[] | null;
  leadId: number | null;
  /** Null in receipts from before it was kept. */
  numberHash: string | null;
  /** The lead's number; null if its person was erased or forgotten. */
  phone: string | null;
  /** What the enquiry asked for. */
  productName: string | null;
  message: string | null;
  /** The connection, file or API that it came over. Each may put the same words into different fields. */
  way: string;
};

export type RepeatDecision =
  /** An earlier try stored this very delivery, but Postgres' answer got lost; or it was refused just now. */
  | { kind: 'stored'; receipt: StoredReceipt }
  /** The first answer holds. `bindsKey`: the Idempotency-Key is new and means this lead from now on. */
  | { kind: 'repeat'; leadId: number | null; bindsKey: boolean }
  /**
   * The id is known, but this is no repeat: it has another number, or the same record asks for something else. Store it
   * there.
   */
  | { kind: 'another'; idScope: string; sameIdAs: string | null }
  | { kind: 'key_reused' };

/**
 * Looks at the Idempotency-Key first; it is never the source's id.
 * @param about null where the delivery is no lead
 * @throws Error when no receipt makes the delivery a repeat
 */
export function decideRepeat(
  delivered: Delivered,
  about: About | null,
  receipts: readonly StoredReceipt[],
): RepeatDecision {
  const { idempotencyKey } = delivered;
  const own = receipts.find(({ id }) => id === delivered.receiptId);
  if (own?.verdict === 'accepted') return { kind: 'stored', receipt: own };

  const sameKey = receipts.find(
    (receipt) =>
      receipt.verdict === 'accepted' &&
      receipt.source === delivered.source &&
      idempotencyKey !== null &&
      receipt.idempotencyKey === idempotencyKey,
  );
  if (sameKey !== undefined) {
    if (sameKey.bodyHash !== delivered.bodyHash) return { kind: 'key_reused' };
    return { kind: 'repeat', leadId: sameKey.leadId, bindsKey: false };
  }
  // It is refused for its own faults, whatever its source id meant before.
  if (own !== undefined) return { kind: 'stored', receipt: own };
  const known = about === null ? undefined : decideKnownId(delivered, about, receipts);
  if (known === undefined) throw new Error('the receipt that made a delivery a repeat is gone');
  if (known.kind === 'another') return known;
  return { kind: 'repeat', leadId: known.leadId, bindsKey: idempotencyKey !== null };
}

export type KnownId = { kind: 'same'; leadId: number | null } | Extract<RepeatDecision, { kind: 'another' }>;

/** What a source's id means already: this enquiry, or others beside which we keep it. Undefined: nothing yet. */
export function decideKnownId(
  { source, sourceLeadId, idScope }: Pick<Delivered, 'source' | 'sourceLeadId' | 'idScope'>,
  about: About,
  receipts: readonly StoredReceipt[],
): KnownId | undefined {
  const boundTo = (scope: string): StoredReceipt | undefined =>
    receipts.find(
      (receipt) =>
        receipt.verdict === 'accepted' &&
        receipt.source === source &&
        sourceLeadId !== null &&
        receipt.sourceLeadId === sourceLeadId &&
        receipt.idScope === scope,
    );
  const first = boundTo(idScope);
  if (first === undefined) return undefined;
  const isOurs = hasNumberOf(first, about);
  const scope = isOurs ? idScope : ofNumber(idScope, about.numberHash);
  const holder = isOurs ? first : boundTo(scope);
  if (holder === undefined) return { kind: 'another', idScope: scope, sameIdAs: first.id };
  // The key promises that it is the same request, even if the text differs.
  if ((sourceLeadId !== null && isKeyId(sourceLeadId)) || !asksForMore(holder, about))
    return { kind: 'same', leadId: holder.leadId };
  const sameWish = boundTo(ofWish(scope, about.wishHash));
  if (sameWish !== undefined) return { kind: 'same', leadId: sameWish.leadId };
  return { kind: 'another', idScope: ofWish(scope, about.wishHash), sameIdAs: null };
}

function hasNumberOf(receipt: StoredReceipt, about: About): boolean {
  if (receipt.numberHash !== null) return receipt.numberHash === about.numberHash;
  return hasPerson(receipt) ? receipt.phone?.slice(-10) === about.phone.slice(-10) : about.isErased;
}

function hasPerson({ phone }: StoredReceipt): boolean {
  return /\d{10}$/.test(phone ?? '');
}

/** Whether the delivery asks for something new. It does not if it says less, or says the same by another way. */
function asksForMore(receipt: StoredReceipt, about: About): boolean {
  if (!hasPerson(receipt) || receipt.way !== about.way) return false;
  const product = toComparable(about.productName);
  const message = toComparable(about.message);
  return (
    (product !== null && product !== toComparable(receipt.productName)) ||
    (message !== null && message !== toComparable(receipt.message))
  );
}
