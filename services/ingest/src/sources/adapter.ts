import type { Fault } from '../intake/lead-schema.ts';
import type { ParsedLead } from './parsed-lead.ts';
import type { Aliases } from './read-fields.ts';

/** What a sender sent, as it was: enough to read it again later. */
export type RawDelivery = {
  method: 'GET' | 'POST';
  /** What stood after the question mark, still encoded. */
  query: string;
  contentType: string | null;
  /** The body as text. */
  text: string;
};

/** The same with what proves who sent it. */
export type ProvenDelivery = RawDelivery & { bytes: Uint8Array; signature?: string | null };

/** A lead that was only named: what it says has to be asked for. */
export type NamedLead = { sourceLeadId: string };

export type ParsedDelivery = { ok: true; leads: ParsedLead[]; awaited?: NamedLead[] } | { ok: false; faults: Fault[] };

/** What became of a delivery that was committed, one entry a lead. */
export type TakenLead =
  | { kind: 'accepted' | 'joined' | 'repeated'; leadId: number | null; phone: string }
  | { kind: 'rejected'; faults: Fault[]; receiptId: string };

export type Reply = { status: 200 | 202; contentType: string; body: string };

export type SourceAdapter = {
  source: string;
  /** What else people call it, in an address or a command. */
  otherNames: readonly string[];
  /** The vendor's name, as the vendor writes it. */
  title: string;
  /** How it delivers; none: it is asked. */
  methods: readonly ('GET' | 'POST')[];
  /** What `sources add` needs of `--secret`: `asked` must be given, `made` is made when it isn't. */
  secret: 'none' | 'asked' | 'made';
  /** Whether the sender comes again after a 429. One that doesn't is never told to: its leads would be lost. */
  comesAgain: boolean;
  /** Whether a sender's ids count within its connection only: two websites may both number from 1. */
  ownIds: boolean;
  /** Whether pages of other sites may send to it. */
  fromBrowsers: boolean;
  /** Asked before anything else is done; without it the address alone proves who sends. */
  isAuthentic?: (delivery: ProvenDelivery, secret: string | null) => boolean;
  /** The answer to a GET by which the vendor makes sure that the address is ours; undefined where it knows none of these. */
  handshake?: (query: string, mayBe: readonly string[]) => Reply | undefined;
  /** Pure: a body to the leads in it. */
  parse(delivery: RawDelivery, aliases: Aliases): ParsedDelivery;
  /** One command that tries a connection and rings nobody. */
  curl(url: string, secret: string): string;
  /** What the vendor expects to hear once everything is committed. */
  reply(taken: readonly TakenLead[]): Reply;
};

/** A body that can't be read at all: it is kept, and its sender hears the same as ever, since it can mend nothing. */
export function unreadable(detail: string): Extract<ParsedDelivery, { ok: false }> {
  return { ok: false, faults: [{ pointer: '', reason: 'unreadable', detail }] };
}
