import type { Fault } from '../intake/lead-schema.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import type { Lead } from '../intake/to-lead.ts';

/** What a delivery said can be written anew; whom it is about can not. */
const describing = ['name', 'email', 'productName', 'city', 'state', 'message'] as const;
type Described = Record<(typeof describing)[number], string | null>;

/** What became of one lead of a delivery when it came. */
export type StoredPart = {
  verdict: 'accepted' | 'rejected';
  /** It was a repeat: nothing was made of it. */
  isRepeat: boolean;
  /** Null when there was none, or it has been erased. */
  leadId: number | null;
  /** Last ten digits are compared. */
  phone: string | null;
  described: Partial<Described>;
};

export type ReplayDecision =
  | { kind: 'same' }
  /** Refused then or taken for a repeat, a lead today. `late`: it is too old to be called now. */
  | { kind: 'new_lead' | 'late'; lead: Lead }
  | { kind: 'differs'; fields: (keyof Described)[]; lead: Lead }
  /** Told only: nobody is called under another number for it, and nothing is taken back. */
  | { kind: 'other_number' }
  | { kind: 'refused_now'; faults: Fault[] };

const dayMs = 24 * 3_600_000;

/** What reading a delivery again, as it is read today, would change. */
export function decideReplay(
  stored: StoredPart | undefined,
  parsed: ParsedLead | undefined,
  age: { receivedAt: Date; now: Date; maxDays: number },
): ReplayDecision {
  const read = parsed?.read;
  // An id that was believed with another number: somebody was taken for a repeat of somebody else.
  const isAnother = stored?.isRepeat === true && read?.ok === true && hasOtherNumber(stored, read.lead);
  if (stored === undefined || stored.verdict === 'rejected' || isAnother) {
    if (read?.ok !== true) return { kind: 'same' };
    const isLate = age.now.getTime() - age.receivedAt.getTime() > age.maxDays * dayMs;
    return { kind: isLate ? 'late' : 'new_lead', lead: read.lead };
  }
  if (stored.isRepeat || stored.leadId === null) return { kind: 'same' };
  if (read?.ok !== true) return { kind: 'refused_now', faults: read?.faults ?? [] };
  const { lead } = read;
  if (hasOtherNumber(stored, lead)) return { kind: 'other_number' };
  const fields = describing.filter((field) => field in stored.described && stored.described[field] !== lead[field]);
  return fields.length === 0 ? { kind: 'same' } : { kind: 'differs', fields, lead };
}

/** Whose number was erased or forgotten has none. */
function hasOtherNumber({ phone }: StoredPart, lead: Lead): boolean {
  return /\d{10}$/.test(phone ?? '') && phone?.slice(-10) !== lead.phone.slice(-10);
}
