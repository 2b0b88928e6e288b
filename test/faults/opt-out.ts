import { addDoNotCall } from '@leadline/contracts/commands/do-not-call';
import { toHeaders } from '@leadline/contracts/envelope';
import { ask } from '@leadline/messaging/ask';
import { redrivenBy } from '@leadline/messaging/dead-letters';
import { storeMessage } from '@leadline/messaging/stored-message';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/**
 * A buyer who was put on the list about when a promise to them fell due: by an operator, or because they said so in a call for
 * another lead of theirs. `heardAt`: when that was confirmed.
 */
export type OptedOut = { phone: string; heardAt: number; by: 'operator' | 'other call' };

/** In which the agent of another call tells the wish. */
const wish = 'agent.qualified';
/** Confirmed promises that fall due within the next second and a half, and another call of the same buyer. */
const soonDue = `
  select l.phone, b.due_at,
         (select c.call_room from calls c join dials d on d.call_id = c.id
           where c.phone = l.phone and c.lead_id <> l.id and d.sent_at is not null order by c.id desc limit 1) as other_room
    from callbacks b join leads l on l.id = b.lead_id
   where b.state = 'waiting' and b.confirmed and b.kept_by = 'agent'
     and b.due_at between clock_timestamp() and clock_timestamp() + interval '1.5 s'`;
/** The share of all promises whose buyers change their mind, and of those who have another call in which they can say so. */
const share = 0.25;
const shareOfOthers = 0.5;

/**
 * Lets buyers opt out about the moment at which they were promised a call: some before it, some in the midst of their dial, some
 * after it. An operator puts them on the list, or the agent of another call of theirs reports it late.
 */
export function optOutAtDueTime(
  world: World,
  { random, optedOut }: { random: Random; optedOut: OptedOut[] },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const seen = new Set<string>();
  const asking: Promise<void>[] = [];
  const put = async (phone: string, atMs: number): Promise<void> => {
    await wait(Math.max(0, atMs - Date.now()));
    const by = { who: 'campaign', reason: 'asked never to be called' };
    for (let attempt = 0; attempt < 20; attempt++) {
      const state = await ask(world.ops, addDoNotCall, { phone, ...by }, 3_000).catch(() => undefined);
      if (state?.onTheList === true) return void optedOut.push({ phone, heardAt: Date.now(), by: 'operator' });
      await wait(500);
    }
  };
  const tell = async (phone: string, room: string, atMs: number): Promise<void> => {
    await wait(Math.max(0, atMs - Date.now()));
    const messageId = randomUUID();
    const headers = toHeaders({ id: messageId, type: wish, source: 'campaign', subject: room, time: new Date() });
    const payload = JSON.stringify({ room, qualification: {}, doNotCall: true });
    const report = { subject: wish, stream: 'AGENT' as const, messageId, payload };
    for (let attempt = 0; attempt < 60; attempt++) {
      await storeMessage(world.ops, { ...report, headers: { ...headers, [redrivenBy]: 'campaign' } }).catch(
        () => undefined,
      );
      const heard = await world.query(`select from calls where call_room = $1 and do_not_call`, [room]).catch(() => []);
      if (heard.length > 0) return void optedOut.push({ phone, heardAt: Date.now(), by: 'other call' });
      await wait(500);
    }
  };
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await wait(150);
      const found = await world
        .query<{ phone: string; due_at: Date; other_room: string | null }>(soonDue)
        .catch(() => []);
      for (const { phone, due_at, other_room } of found) {
        if (seen.has(phone)) continue;
        seen.add(phone);
        const atMs = due_at.getTime() + random.between(-900, 500);
        if (other_room !== null && random.chance(shareOfOthers)) asking.push(tell(phone, other_room, atMs));
        else if (random.chance(share)) asking.push(put(phone, atMs));
      }
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await looking;
      await Promise.all(asking);
    },
  };
}
