import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { answeringPhone, leadBody } from './leads.ts';
import { keys } from './servers.ts';
import type { System } from './start-system.ts';

/** When each number's lead was sent off, ms since 1970. */
export type Sent = ReadonlyMap<string, number>;

/** Sends leads whose phones answer, each with a number that this driver has not used before. */
export type LeadDriver = {
  /** `count` leads, evenly, `perSecond` of them in a second, however long one takes. */
  paced(count: number, perSecond: number): Promise<Sent>;
  /** `count` leads as quickly as ingest takes them, up to 32 at a time. */
  burst(count: number): Promise<Sent>;
};

const atATime = 32;

export function driveLeads(system: Pick<System, 'ingestUrl'>): LeadDriver {
  let last = 0;
  const post = async (sent: Map<string, number>): Promise<void> => {
    const n = ++last;
    const phone = answeringPhone(n);
    sent.set(phone, Date.now());
    const answer = await fetch(`${system.ingestUrl}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.apiKey}`, 'content-type': 'application/json' },
      body: leadBody(n, phone),
    });
    await answer.text();
    if (!answer.ok) throw new Error(`ingest refused a lead: HTTP ${answer.status}`);
  };
  return {
    async paced(count, perSecond) {
      const sent = new Map<string, number>();
      const began = performance.now();
      const posts: Promise<void>[] = [];
      for (let n = 0; n < count; n++) {
        await wait(Math.max(0, began + (n * 1_000) / perSecond - performance.now()));
        posts.push(post(sent));
      }
      await Promise.all(posts);
      return sent;
    },
    async burst(count) {
      const sent = new Map<string, number>();
      await Promise.all(
        Array.from({ length: Math.min(atATime, count) }, async () => {
          while (sent.size < count) await post(sent);
        }),
      );
      return sent;
    },
  };
}

const phoneLine = z.object({ at: z.iso.datetime(), event: z.string(), number: z.string() });

/** The far world's own log: when each number's phone was first asked to ring, ms since 1970. */
function readInvites(phoneLog: string): Map<string, number> {
  const invites = new Map<string, number>();
  if (!existsSync(phoneLog)) return invites;
  // What follows the last line break is still being written.
  for (const text of readFileSync(phoneLog, 'utf8').split('\n').slice(0, -1)) {
    const { at, event, number } = phoneLine.parse(JSON.parse(text));
    if (event === 'invite' && !invites.has(number)) invites.set(number, Date.parse(at));
  }
  return invites;
}

/** When the phones of these leads rang, once all did or the wait is over: those that did not are missing. */
export async function untilInvited(phoneLog: string, sent: Sent, withinMs: number): Promise<Map<string, number>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const invites = readInvites(phoneLog);
    if ([...sent.keys()].every((phone) => invites.has(phone)) || performance.now() > deadline)
      return new Map([...invites].filter(([phone]) => sent.has(phone)));
    await wait(200);
  }
}

/** ms from a lead's POST to its phone's INVITE, of those that rang. */
export function toPostToInviteMs(sent: Sent, invites: ReadonlyMap<string, number>): number[] {
  return [...sent].flatMap(([phone, at]) => {
    const rang = invites.get(phone);
    return rang === undefined ? [] : [rang - at];
  });
}

/** Phones a second, from the first POST to the last INVITE; 0 when none rang. */
export function toPhonesPerSecond(sent: Sent, invites: ReadonlyMap<string, number>): number {
  if (invites.size === 0) return 0;
  const spanMs = Math.max(...invites.values()) - Math.min(...sent.values());
  return (invites.size * 1_000) / spanMs;
}
