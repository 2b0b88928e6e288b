import { addDoNotCall } from '@leadline/contracts/commands/do-not-call';
import { ask } from '@leadline/messaging/ask';
import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** A buyer whom an operator put on the list, about when a promise to them fell due. `heardAt`: when that was confirmed. */
export type OptedOut = { phone: string; heardAt: number };

/** Confirmed promises that fall due within the next second and a half. */
const soonDue = `
  select l.phone, b.due_at from callbacks b join leads l on l.id = b.lead_id
   where b.state = 'waiting' and b.confirmed and b.kept_by = 'agent'
     and b.due_at between clock_timestamp() and clock_timestamp() + interval '1.5 s'`;
/** The share of all promises whose buyers change their mind. */
const share = 0.25;

/**
 * Puts buyers on the do-not-call list about the moment at which they were promised a call: some before it, some in the midst of
 * their dial, some after it.
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
      if (state?.onTheList === true) return void optedOut.push({ phone, heardAt: Date.now() });
      await wait(500);
    }
  };
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await wait(150);
      const found = await world.query<{ phone: string; due_at: Date }>(soonDue).catch(() => []);
      for (const { phone, due_at } of found) {
        if (seen.has(phone)) continue;
        seen.add(phone);
        if (random.chance(share)) asking.push(put(phone, due_at.getTime() + random.between(-900, 500)));
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
