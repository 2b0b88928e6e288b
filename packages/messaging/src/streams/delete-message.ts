import { NatsError } from 'nats';
import type { Nats } from '../connection/connect.ts';
import type { StreamName } from '../topology/topology.ts';

/** Overwrites one message and takes it out of its stream; one that is gone already is as good. */
export async function deleteMessage(nats: Nats, stream: StreamName, seq: number): Promise<void> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  try {
    await manager.streams.deleteMessage(stream, seq, true);
  } catch (error) {
    if (error instanceof NatsError && goneCodes.has(error.api_error?.err_code ?? 0)) return;
    throw error;
  }
}

/** "no message found", and "sequence not found" as a failed delete. */
const goneCodes = new Set([10_037, 10_043, 10_057]);
