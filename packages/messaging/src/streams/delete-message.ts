import { NatsError } from 'nats';
import type { Nats } from '../connection/connect.ts';
import type { StreamName } from '../topology/topology.ts';

/** Overwrites a message and removes it from its stream; does nothing if it is gone already. */
export async function deleteMessage(nats: Nats, stream: StreamName, seq: number): Promise<void> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  try {
    await manager.streams.deleteMessage(stream, seq, true);
  } catch (error) {
    if (error instanceof NatsError && goneCodes.has(error.api_error?.err_code ?? 0)) return;
    throw error;
  }
}

/** The codes for "no message found", and for "sequence not found" after a failed delete. */
const goneCodes = new Set([10_037, 10_043, 10_057]);
