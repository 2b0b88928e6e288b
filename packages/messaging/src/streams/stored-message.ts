import { headers as newHeaders, NatsError, type JetStreamClient, type StoredMsg } from 'nats';
import type { Nats } from '../connection/connect.ts';
import { describeError } from '../connection/describe-error.ts';

/** The result of one publish. `again`: we can't tell whether it is stored; a repeat with the same id is harmless. */
export type Stored =
  | { kind: 'stored'; duplicate: boolean; seq: number }
  | { kind: 'again'; because: string }
  | { kind: 'never'; because: string };

export type Message = {
  subject: string;
  stream: string;
  /** `Nats-Msg-Id`: JetStream drops a repeat within the duplicate window. */
  messageId: string;
  headers: Record<string, string>;
  payload: string | Uint8Array;
};

const publishWithinMs = 3_000;

/** One a connection: each is an object of some size. */
const clients = new WeakMap<Nats, JetStreamClient>();

function jetStreamOf(nats: Nats): JetStreamClient {
  const client = clients.get(nats) ?? nats.connection.jetstream();
  clients.set(nats, client);
  return client;
}

/**
 * Tries once to store a message. While disconnected it returns `again` at once, because the client would silently drop
 * the message.
 */
export async function storeMessage(nats: Nats, message: Message): Promise<Stored> {
  if (!nats.isUp()) return { kind: 'again', because: 'disconnected' };
  try {
    const headers = newHeaders();
    for (const [name, value] of Object.entries(message.headers)) headers.set(name, value);
    const ack = await jetStreamOf(nats).publish(message.subject, message.payload, {
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

/**
 * Codes of permanent refusals: too large, wrong stream, not allowed. A full or missing stream is not among them: both
 * answer 503.
 */
const neverStored = ['400', 'MAX_PAYLOAD_EXCEEDED', 'PERMISSIONS_VIOLATION', 'BAD_SUBJECT', 'BAD_HEADER'];

/** Fetches one message from its stream's leader; undefined if there is none. */
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
