import { setTimeout as wait } from 'node:timers/promises';
import { durableNames, type World } from './world.ts';

/** For the whole backlog; under load, which brings more than this machine can ring meanwhile, without any progress. */
const drainWithinMs = 120_000;

/**
 * ms until nothing is left to do, or undefined when something still is after two minutes; asked for `progress`, when it
 * was not less than ever before for two minutes.
 */
export async function untilDrained(
  world: World,
  say: (line: string) => void,
  asked: 'within' | 'progress' = 'within',
): Promise<number | undefined> {
  const since = performance.now();
  let [deadline, least] = [since + drainWithinMs, Number.POSITIVE_INFINITY];
  for (let looks = 0; performance.now() < deadline; looks++) {
    const open = await readOpenWork(world);
    if (open.size === 0) return performance.now() - since;
    const left = [...open.values()].reduce((sum, n) => sum + n, 0);
    if (asked === 'progress' && left < least) [deadline, least] = [performance.now() + drainWithinMs, left];
    if (looks % 10 === 9) say(`  left: ${toWords(open)}`);
    await wait(1_000);
  }
  return undefined;
}

/** What still has something to do, in words; empty when nothing has. */
export async function openWork(world: World): Promise<string> {
  return toWords(await readOpenWork(world));
}

/** How much of what is left, and nothing that is done. What is on its way between two services is looked at last. */
async function readOpenWork(world: World): Promise<Map<string, number>> {
  const [row] = await world.query<Record<string, number>>(`
    select (select count(*)::int from leads where status = 'new') as "new leads",
           (select count(*)::int from calls where status = 'calling') as "calling",
           (select count(*)::int from dials where decided_at is null) as "undecided",
           (select count(*)::int from calls c left join crm_pushes p on p.call_id = c.id
             where c.status = 'called' and p.failed_at is null) as "unpushed",
           (select count(*)::int from ingest_outbox where published_at is null)
         + (select count(*)::int from dispatcher_outbox where published_at is null)
         + (select count(*)::int from call_tracker_outbox where published_at is null)
         + (select count(*)::int from crm_pusher_outbox where published_at is null) as "unpublished",
           (select count(*)::int from crm_enquiries where told_at is null and failed_at is null) as "untold",
           (select count(*)::int from call_changes) as "changes"`);
  const left = new Map(Object.entries(row ?? {}).filter(([, n]) => n > 0));
  if (left.size > 0) return left;
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  for (const stream of ['LEADS', 'CALLS', 'AGENT']) {
    for await (const { name, num_pending, num_ack_pending } of manager.consumers.list(stream)) {
      if (!durableNames.some(([own]) => own === name)) continue;
      if (num_pending > 0) left.set(`pending for ${name}`, num_pending);
      if (num_ack_pending > 0) left.set(`in hand of ${name}`, num_ack_pending);
    }
  }
  return left;
}

function toWords(open: Map<string, number>): string {
  return [...open].map(([what, n]) => `${n} ${what}`).join(', ');
}
