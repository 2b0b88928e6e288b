import { decideFault } from '@leadline/database/decide-fault';
import { NatsError } from 'nats';

/** NATS' own codes for something that is away. */
const awayCodes = new Set(['CONNECTION_CLOSED', 'CONNECTION_DRAINING', 'DISCONNECT', 'TIMEOUT', '503']);

/** What is to blame for an error: an outage or missing rights say nothing about the message. */
export function blameFor(error: unknown): 'message' | 'elsewhere' {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof NatsError && awayCodes.has(cause.code)) return 'elsewhere';
  const fault = decideFault(error);
  return fault === 'outage' || fault === 'setup' ? 'elsewhere' : 'message';
}
