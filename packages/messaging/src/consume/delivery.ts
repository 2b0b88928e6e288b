import type { JsMsg, MsgHdrs, StoredMsg } from 'nats';

/** A message to handle: delivered by JetStream, or fetched from the stream after JetStream gave it up. */
export type Delivery = {
  subject: string;
  stream: string;
  seq: number;
  storedAt: Date;
  /** 1 for the first. */
  deliveries: number;
  headers: MsgHdrs | undefined;
  data: Uint8Array;
  /** Extends its deadline while somebody really works on it or holds it. */
  working(): void;
};

export function toDelivery(message: JsMsg): Delivery {
  return {
    subject: message.subject,
    stream: message.info.stream,
    seq: message.seq,
    storedAt: new Date(message.info.timestampNanos / 1e6),
    deliveries: message.info.deliveryCount,
    headers: message.headers,
    data: message.data,
    working: () => message.working(),
  };
}

/** `working` extends the deadline of the advisory that reported it. */
export function toGivenUp(
  stored: StoredMsg,
  told: { stream: string; deliveries: number; working: () => void },
): Delivery {
  const { subject, seq, time: storedAt, header: headers, data } = stored;
  return { ...told, subject, seq, storedAt, headers, data };
}
