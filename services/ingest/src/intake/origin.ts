/** What we keep about a delivery that came over a source's connection, or in a file. */
export type Origin = {
  /** Null in a file. */
  connectionId: string | null;
  /** One id a delivery. Its leads share it; `part` counts them from 0. */
  deliveryId: string;
  part: number;
  method: string;
  query: string;
  contentType: string | null;
  /** The body's bytes if its text does not reproduce them exactly; else null. */
  raw: Uint8Array | null;
  /** '' if the ids are unique at the vendor, else the connection within which they are. */
  idScope: string;
  phoneRaw: string | null;
  phoneAlternates: string[];
  enquiryType: string | null;
  dndFlag: boolean | null;
  isTest: boolean;
  /** The voice agent's mode for leads of this connection; null: the usual one. */
  agentMode: string | null;
  /**
   * Counts the lead's age from its arrival, not from the time it states: a person asked us to call it, however old it
   * is.
   */
  countsFromArrival?: boolean;
};

const types = {
  connection_id: 'uuid',
  delivery_id: 'uuid',
  part: 'int',
  method: 'text',
  query: 'text',
  content_type: 'text',
  raw: 'bytea',
  phone_raw: 'text',
  phone_alternates: 'jsonb',
  enquiry_type: 'text',
  dnd_flag: 'boolean',
  is_test: 'boolean',
  counts_from_arrival: 'boolean',
};

/** The columns of a receipt, and below the same with their types. */
export const originColumns = Object.keys(types).join(', ');
export const originTypes = Object.entries(types)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

/** The origin under the names of those columns; empty for a lead of POST /v1/leads. */
export function toOriginRecord(origin: Origin | undefined) {
  if (origin === undefined) return {};
  return {
    connection_id: origin.connectionId,
    delivery_id: origin.deliveryId,
    part: origin.part,
    method: origin.method,
    query: origin.query,
    content_type: origin.contentType,
    raw: origin.raw === null ? null : `\\x${Buffer.from(origin.raw).toString('hex')}`,
    phone_raw: origin.phoneRaw,
    phone_alternates: origin.phoneAlternates,
    enquiry_type: origin.enquiryType,
    dnd_flag: origin.dndFlag,
    is_test: origin.isTest,
    counts_from_arrival: origin.countsFromArrival === true ? true : null,
    agent_mode: origin.agentMode,
  };
}
