import { isKeyId, ofNumber, ofWish, toComparable } from './id-scopes.ts';
import type { Fault } from './lead-schema.ts';

/** What is asked of the receipts: did this come before? */
export type Delivered = {
  receiptId: string;
  source: string;
  /** Where the source's ids count: '' for all that comes from this source. */
  idScope: string;
  sourceLeadId: string | null;
  idempotencyKey: string | null;
  bodyHash: string;
};

/** Whose enquiry it is, and what it asks for. */
export type About = {
  /** E.164. */
  phone: string;
  /** Keyed, as receipts keep it. */
  numberHash: string;
  /** This person had himself erased. */
  isErased: boolean;
  productName: string | null;
  message: string | null;
  wishHash: string;
  way: string;
};

/** A receipt that may stand in a delivery's way. */
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
  /** The lead's; no number where its person was erased or forgotten. */
  phone: string | null;
  /** What the enquiry asked for. */
  productName: string | null;
  message: string | null;
  /** Over which connection, file or API it came: what one way tells in the message, another may tell elsewhere. */
  way: string;
};

export type RepeatDecision =
  /** This very delivery was stored by an earlier try, whose answer from Postgres was lost; or it was refused just now. */
  | { kind: 'stored'; receipt: StoredReceipt }
  /** The first answer holds; `bindsKey` when the Idempotency-Key is new and from now on means this lead. */
  | { kind: 'repeat'; leadId: number | null; bindsKey: boolean }
  /** The id is known and this is no repeat: another number, or the same record with another wish. It is bound there. */
  | { kind: 'another'; idScope: string; sameIdAs: string | null }
  | { kind: 'key_reused' };

/**
 * The Idempotency-Key is looked at first; it is never the source's id.
 * @param about null where the delivery is no lead
 * @throws Error when nothing stands in the delivery's way
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
  // Refused for its own faults, whatever came before under its source id.
  if (own !== undefined) return { kind: 'stored', receipt: own };
  const known = about === null ? undefined : decideKnownId(delivered, about, receipts);
  if (known === undefined) throw new Error('a receipt stood in the way of a delivery and is gone');
  if (known.kind === 'another') return known;
  return { kind: 'repeat', leadId: known.leadId, bindsKey: idempotencyKey !== null };
}

export type KnownId = { kind: 'same'; leadId: number | null } | Extract<RepeatDecision, { kind: 'another' }>;

/** What a source's id stands for already: this enquiry, or others beside which it is kept. Undefined: nothing yet. */
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
  // A key promises that it is the same request, whatever it says now.
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

/** A wish that was not told before. One that says less, or says it otherwise on another way, is none. */
function asksForMore(receipt: StoredReceipt, about: About): boolean {
  if (!hasPerson(receipt) || receipt.way !== about.way) return false;
  const product = toComparable(about.productName);
  const message = toComparable(about.message);
  return (
    (product !== null && product !== toComparable(receipt.productName)) ||
    (message !== null && message !== toComparable(receipt.message))
  );
}
