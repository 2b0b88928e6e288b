import { headers as newHeaders, NatsError, type StoredMsg } from 'nats';
import type { Nats } from '../connection/connect.ts';
import { describeError } from '../connection/describe-error.ts';

/** What became of one publish. `again`: it may or may not be stored; under the same id a repeat is harmless. */
export type Stored =
  | { kind: 'stored'; duplicate: boolean; seq: number }
  | { kind: 'again'; because: string }
  | { kind: 'never'; because: string };

export type Message = {
  subject: string;
  stream: string;
  /** `Nats-Msg-Id`: a repeat within the duplicate window is swallowed. */
  messageId: string;
  headers: Record<string, string>;
  payload: string | Uint8Array;
};

const publishWithinMs = 3_000;

/**
 * One try to store a message. While disconnected it says `again` at once: what the client took then would be dropped
 * without an error.
 */
export async function storeMessage(nats: Nats, message: Message): Promise<Stored> {
  if (!nats.isUp()) return { kind: 'again', because: 'disconnected' };
  try {
    const headers = newHeaders();
    for (const [name, value] of Object.entries(message.headers)) headers.set(name, value);
    const ack = await nats.connection.jetstream().publish(message.subject, message.payload, {
      msgID: message.messageId,
      headers,
      timeout: publishWithinMs,
      expect: { streamName: message.stream },
    });
    return { kind: 'stored', duplicate: ack.duplicate, seq: ack.seq };
  } catch (error) {
    const permanent = error instanceof NatsError && neverStored.includes(error.code);
    return { kind: permanent ? 'never' : 'again', because: describeError(error) };
  }
}

/** Too large, not that stream, not allowed. A full stream is not among them, and neither is a missing one: both say 503. */
const neverStored = ['400', 'MAX_PAYLOAD_EXCEEDED', 'PERMISSIONS_VIOLATION', 'BAD_SUBJECT', 'BAD_HEADER'];

/** One message out of a stream, from its leader; undefined where there is none such. */
export async function fetchMessage(
  nats: Nats,
  stream: string,
  query: { seq: number; next_by_subj?: string } | { last_by_subj: string },
): Promise<StoredMsg | undefined> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  try {
    return await manager.streams.getMessage(stream, query);
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === noMessage) return undefined;
    throw error;
  }
}

const noMessage = 10_037;
