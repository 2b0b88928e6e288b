import { publishes } from '@leadline/contracts/publishers';
import { publishingServices, type PublishingService } from '@leadline/contracts/services';
import { fromHeaders } from '@leadline/contracts/envelope';
import type { StoredMsg } from 'nats';
import { z } from 'zod';
import { redrivenBy } from '../dead-letters/dead-letters.ts';

/** An event that its service published through its outbox; the row has the same id. */
export type OwnEvent = {
  id: string;
  type: string;
  /** The lead or call, such as `lead/42`. */
  subject: string;
  time: Date;
  storedAt: Date;
  /** Its place in the stream. */
  seq: number;
  data: Record<string, unknown>;
  headers: Record<string, string>;
};

/**
 * `redriven`: an operator sent a dead letter back. `foreign`: whoever published it, it is no event of the subject's
 * owner.
 */
export type Authorship = 'own' | 'redriven' | 'foreign';

const uuid = z.uuid();
/** NUL or half of a surrogate pair, in JSON's notation. */
const unstorable = /\\u(0000|d[89a-f][0-9a-f]{2})/i;
const payload = z.record(z.string(), z.unknown());

/** The only service that publishes this subject; undefined if none of ours does. */
export function ownerOf(subject: string): PublishingService | undefined {
  return owners.get(subject);
}

const owners = new Map<string, PublishingService>();
for (const service of publishingServices) for (const subject of publishes[service]) owners.set(subject, service);

/**
 * Decides by its envelope who published a message in one of our subjects. The owner's events have the owner as source,
 * the subject as type, and the uuid of an outbox row as id. We can't tell a hand-made envelope of this form from a real
 * one.
 */
export function authorshipOf(subject: string, header: (name: string) => string | undefined): Authorship {
  if ((header(redrivenBy) ?? '') !== '') return 'redriven';
  try {
    const { id, type, source } = fromHeaders(header);
    const isOwn = source === ownerOf(subject) && type === subject && uuid.safeParse(id).success;
    return isOwn ? 'own' : 'foreign';
  } catch {
    return 'foreign';
  }
}

/** The event, if the subject's owner published the message and it is readable, so that an outbox can store it. */
export function readOwnEvent(message: StoredMsg): OwnEvent | undefined {
  const headers: Record<string, string> = {};
  for (const name of message.header.keys()) if (!name.startsWith('Nats-')) headers[name] = message.header.get(name);
  if (authorshipOf(message.subject, (name) => headers[name]) !== 'own') return undefined;
  const { id, type, subject, time } = fromHeaders((name) => headers[name]);
  const data = payload.safeParse(readJson(message.data));
  // A jsonb column refuses this, so it never came from one.
  if (!data.success || unstorable.test(JSON.stringify([data.data, headers]))) return undefined;
  return { id, type, subject, time, storedAt: message.time, seq: message.seq, data: data.data, headers };
}

function readJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}
