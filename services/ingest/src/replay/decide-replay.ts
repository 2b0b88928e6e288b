import type { Fault } from '../intake/lead-schema.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import type { Lead } from '../intake/to-lead.ts';

/** A replay may rewrite what a lead asks for, but never who it is. */
const describing = ['name', 'email', 'productName', 'city', 'state', 'message'] as const;
type Described = Record<(typeof describing)[number], string | null>;

/** What one lead of a delivery became when it came. */
export type StoredPart = {
  verdict: 'accepted' | 'rejected';
  /** It was a repeat and made no lead. */
  isRepeat: boolean;
  /** Null when there was none, or somebody erased it. */
  leadId: number | null;
  /** We compare the last ten digits. */
  phone: string | null;
  described: Partial<Described>;
};

export type ReplayDecision =
  | { kind: 'same' }
  /** It was refused or taken for a repeat then, and is a lead now. `late`: it is too old to call. */
  | { kind: 'new_lead' | 'late'; lead: Lead }
  | { kind: 'differs'; fields: (keyof Described)[]; lead: Lead }
  /** Reported only: we neither call the other number nor take anything back. */
  | { kind: 'other_number' }
  | { kind: 'refused_now'; faults: Fault[] };

const dayMs = 24 * 3_600_000;

/** What would change if we read a delivery with today's rules. */
export function decideReplay(
  stored: StoredPart | undefined,
  parsed: ParsedLead | undefined,
  age: { receivedAt: Date; now: Date; maxDays: number },
): ReplayDecision {
  const read = parsed?.read;
  // We trusted an id that now comes with another number: we took one person for another's repeat.
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

/** A lead without a number was erased or forgotten. */
function hasOtherNumber({ phone }: StoredPart, lead: Lead): boolean {
  return /\d{10}$/.test(phone ?? '') && phone?.slice(-10) !== lead.phone.slice(-10);
}
