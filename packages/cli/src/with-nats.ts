import { CommandUnanswered } from '@leadline/messaging/ask';
import { connectNats, type Nats } from '@leadline/messaging/connect';
import type { Log } from '@leadline/messaging/log';
import { readCliConfig } from './config.ts';
import { findPlace, type Place } from './find-place.ts';
import { tell } from './terminal.ts';

export type ConnectionOptions = { natsUrl?: string | undefined; natsUser?: string | undefined };

/** Logs only what a person must know: a lost connection, and refusals. */
const log: Log = {
  debug: () => undefined,
  info: (_, message) => tell(`leadline: ${message}`),
  warn: (_, message) => tell(`leadline: ${message}`),
  error: (fields, message) => tell(`leadline: ${message} ${'subject' in fields ? String(fields.subject) : ''}`),
};

/** Connects, works and closes. Does not wait for a missing server. */
export async function withNats<T>(
  given: ConnectionOptions,
  work: (nats: Nats, place: Place) => Promise<T>,
): Promise<T> {
  const place = findPlace(readCliConfig(), given);
  const nats = await connectNats({ ...place.nats, name: 'leadline', log, isOneTry: true }).catch((error: unknown) => {
    throw toUnanswered(error, place);
  });
  try {
    return await work(nats, place);
  } finally {
    await nats.close();
  }
}

function toUnanswered(error: unknown, { nats }: Place): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'AUTHORIZATION_VIOLATION') {
    return new CommandUnanswered(`NATS at ${nats.url} refuses the user ${nats.user}: check NATS_USER and NATS_PASS`);
  }
  if (code === '') return error;
  return new CommandUnanswered(`NATS at ${nats.url} can't be reached (${code}): is it up, is NATS_URL right?`);
}
