import type { Fault } from '../intake/lead-schema.ts';
import type { ParsedLead } from './parsed-lead.ts';
import type { Aliases } from './read-fields.ts';

/** What a sender sent, unchanged, so that we can read it again later. */
export type RawDelivery = {
  method: 'GET' | 'POST';
  /** The part after the question mark, still encoded. */
  query: string;
  contentType: string | null;
  /** The body as text. */
  text: string;
};

/** The same, with what proves the sender. */
export type ProvenDelivery = RawDelivery & { bytes: Uint8Array; signature?: string | null };

/** A lead that the vendor only named: we have to fetch its content. */
export type NamedLead = { sourceLeadId: string };

export type ParsedDelivery = { ok: true; leads: ParsedLead[]; awaited?: NamedLead[] } | { ok: false; faults: Fault[] };

/** What one lead of a delivery became, after the commit. */
export type TakenLead =
  | { kind: 'accepted' | 'joined' | 'repeated'; leadId: number | null; phone: string }
  | { kind: 'rejected'; faults: Fault[]; receiptId: string };

export type Reply = { status: 200 | 202; contentType: string; body: string };

export type SourceAdapter = {
  source: string;
  /** Other names for the source, in an address or a command. */
  otherNames: readonly string[];
  /** The vendor's name, as the vendor writes it. */
  title: string;
  /** The HTTP methods by which the vendor delivers; empty if we ask the vendor. */
  methods: readonly ('GET' | 'POST')[];
  /** What `sources add` does about `--secret`: `asked` requires it, `made` creates one if it is missing. */
  secret: 'none' | 'asked' | 'made';
  /** Whether the sender repeats after a 429. We never send one to a sender that doesn't: its leads would be lost. */
  comesAgain: boolean;
  /** Whether ids are unique only within a connection: two websites may both count from 1. */
  ownIds: boolean;
  /** Whether browsers on other sites may send to it. */
  fromBrowsers: boolean;
  /** Checks the sender before anything else. Without it, the secret address alone proves who sends. */
  isAuthentic?: (delivery: ProvenDelivery, secret: string | null) => boolean;
  /** Answers the GET by which the vendor verifies our address; undefined if no known secret fits. */
  handshake?: (query: string, mayBe: readonly string[]) => Reply | undefined;
  /** Pure: finds the leads in a body. */
  parse(delivery: RawDelivery, aliases: Aliases): ParsedDelivery;
  /** A command that tests a connection and calls nobody. */
  curl(url: string, secret: string): string;
  /** The answer that the vendor expects, once everything is committed. */
  reply(taken: readonly TakenLead[]): Reply;
};

/** Keeps a body that nobody can read. The sender gets its usual answer, because it could not correct anything. */
export function unreadable(detail: string): Extract<ParsedDelivery, { ok: false }> {
  return { ok: false, faults: [{ pointer: '', reason: 'unreadable', detail }] };
}
