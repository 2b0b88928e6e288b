import type { Delivered } from './decide-repeat.ts';
import type { Origin } from './origin.ts';
import type { Bound } from './settle-repeats.ts';
import type { ReadLead } from './to-lead.ts';

/** Something a source sent: a lead, or what is wrong with it. Its receipt's id is made before the first try. */
export type Delivery = Delivered & {
  body: string;
  read: ReadLead;
  origin?: Origin;
  /** The trace of the request that brought it; the lead continues that trace. */
  traceparent?: string | undefined;
  /** Where its id counts and whose it was before, where it is no repeat although its id is known. */
  bound?: Bound;
};
