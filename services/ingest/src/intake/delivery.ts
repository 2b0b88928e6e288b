import type { Delivered } from './decide-repeat.ts';
import type { Origin } from './origin.ts';
import type { Bound } from './settle-repeats.ts';
import type { ReadLead } from './to-lead.ts';

/** Something a source sent: a lead, or what is wrong with it. We choose its receipt's id before the first try. */
export type Delivery = Delivered & {
  body: string;
  read: ReadLead;
  origin?: Origin;
  /** The trace of the request that brought the delivery; the lead continues it. */
  traceparent?: string | undefined;
  /** The scope of its id, and whose id it was before, if the id is known and yet this is no repeat. */
  bound?: Bound;
};
