/** What came with a delivery over a source's connection, or in a file. */
export type Origin = {
  /** Null in a file. */
  connectionId: string | null;
  /** One a delivery; its leads share it, counted by `part` from 0. */
  deliveryId: string;
  part: number;
  method: string;
  query: string;
  contentType: string | null;
  /** The body's bytes where its text is not exactly them; else null. */
  raw: Uint8Array | null;
  /** '' where a source's ids are its vendor's, else the connection within which they count. */
  idScope: string;
  phoneRaw: string | null;
  phoneAlternates: string[];
  enquiryType: string | null;
  dndFlag: boolean | null;
  isTest: boolean;
  /** How the voice agent is to talk to this connection's leads, where not as usual. */
  agentMode: string | null;
  /** Its age counts from its arrival, whatever time it tells: a person asked for it to be rung, however old it is. */
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

/** Columns of a receipt, and the same with their types. */
export const originColumns = Object.keys(types).join(', ');
export const originTypes = Object.entries(types)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

/** Under the names of those columns; nothing at all for a lead of POST /v1/leads. */
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
