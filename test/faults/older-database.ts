import { rebuild } from '@leadline/contracts/commands/read-model';
import { reconcile } from '@leadline/contracts/commands/reconcile';
import { ask } from '@leadline/messaging/ask';
import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import type { Campaign } from './campaign.ts';
import type { Drilling } from './drills.ts';
import type { Invariant, Violation } from './invariants.ts';
import { leadIdOf, roomOf, type Ledgers } from './ledgers.ts';

/** In the order in which `leadline reconcile` asks them. */
const services = ['ingest', 'call-tracker', 'crm-pusher', 'dispatcher'] as const;

/** What a drill notes as its database falls behind the world, for the judge. */
export const marks = {
  /** What is committed from here on will be forgotten. */
  lastKept: 'the last commit that will be kept',
  killed: 'Postgres is killed while calls go on',
  older: 'Postgres is back, and older than the streams',
  reconciled: 'reconciled',
  lost: 'leads that are listed as lost',
};

/** I1, I3, I5 and I8 speak of rows that are gone with what was forgotten; `judgeOlderDatabase` says what is left of them. */
export const heldByOlderDatabase: readonly Invariant[] = ['I2', 'I4', 'I6', 'I7', 'I9', 'I11', 'I12'];

/** A relay has told the streams of a commit by then; of one this young when Postgres died they may know nothing. */
const relayedWithinMs = 250;

/**
 * What follows once the database has come back older: leads are taken all the same, services live on and are told
 * nothing, until an operator runs `leadline reconcile` and has the dashboard's read model built anew.
 */
export async function reconcileAll(drilling: Drilling): Promise<void> {
  const { world, campaign, leads, feed, note, say } = drilling;
  const third = Math.ceil(leads / 3);
  await feed(Math.ceil(third / 3), 3);
  await wait(12_000);
  const by = { who: 'fault campaign', reason: 'the drill' };
  for (const service of services) {
    const said = await again(() => ask(world.ops, reconcile[service], by, 30_000));
    say(`  ${service}: ${JSON.stringify(said).slice(0, 300)}`);
    if (service !== 'ingest') continue;
    const details = reconcile.ingest.result.parse(said).lostLeads.map(String);
    campaign.record.push({ at: Date.now(), until: Date.now(), what: marks.lost, details });
  }
  note(marks.reconciled);
  // What happened since is in the streams, and from there the dashboard has it again.
  await again(() => ask(world.ops, rebuild, by, 30_000));
  await feed(third, 3);
  await until('the dashboard has built its read model anew', async () => {
    const [building] = await world.query<{ n: number }>(
      `select count(*)::int as n from dashboard_builds where state = 'building'`,
    );
    return building?.n === 0;
  });
}

type Judged = Partial<Record<Invariant, Violation[]>>;

/** Nothing rang before the reconciling, nobody who was forgotten rang again, and what is lost was listed. */
export async function judgeOlderDatabase(campaign: Campaign, ledgers: Ledgers): Promise<Judged> {
  return { I1: await judgeTaken(campaign, ledgers), I3: judgeRings(campaign, ledgers), I5: judgeTasks(ledgers) };
}

function momentOf({ record }: Campaign, what: string): number {
  return record.find((noted) => noted.what === what)?.at ?? Number.NaN;
}

function judgeRings(campaign: Campaign, { phone, stored }: Ledgers): Violation[] {
  const [lastKeptAt, killedAt, olderAt, reconciledAt] = [
    marks.lastKept,
    marks.killed,
    marks.older,
    marks.reconciled,
  ].map((mark) => momentOf(campaign, mark)) as [number, number, number, number];
  const latestInviteMs = (5 + campaign.world.policy.leewaySeconds) * 1_000;
  const violations: Violation[] = [];
  const invites = phone.filter(({ event }) => event === 'invite');
  for (const invite of invites)
    if (invite.at > killedAt + latestInviteMs && invite.at < reconciledAt)
      violations.push({ what: `${invite.room} rang before the database was reconciled` });
  const dialling = stored.filter(({ subject, ours }) => subject === 'call.dialing' && ours);
  const permittedAt = new Map(dialling.map(({ text, at }) => [roomOf(text), at]));
  const isForgotten = (at: number | undefined): boolean => at !== undefined && at > lastKeptAt && at < olderAt;
  const forgotten = new Set(
    invites.filter(({ room }) => isForgotten(permittedAt.get(room))).map(({ number }) => number),
  );
  for (const invite of invites)
    if (invite.at > reconciledAt && forgotten.has(invite.number))
      violations.push({ what: `${invite.room} rang a number that had rung in what was forgotten` });
  for (const [room, own] of Map.groupBy(invites, (line) => line.room))
    if (own.length > 1) violations.push({ what: `${room} rang ${own.length} times` });
  const unsaid = invites.filter(({ at, room }) => at < olderAt && !permittedAt.has(room));
  if (forgotten.size === 0) violations.push({ what: 'nobody was rung in what was forgotten' });
  if (unsaid.length > 2) violations.push({ what: `${unsaid.length} rings are in no stream` });
  for (const [number, lines] of Map.groupBy(phone, (line) => line.number)) {
    let open = 0;
    for (const { event } of lines) {
      if (event === 'invite' && ++open > 1) violations.push({ what: `${number.slice(-4)} was rung while in a call` });
      if (event === 'refused' || event === 'cancelled' || event === 'hangup') open--;
    }
  }
  return violations;
}

async function judgeTaken(campaign: Campaign, { stored }: Ledgers): Promise<Violation[]> {
  const { world, record, posted } = campaign;
  const violations: Violation[] = [];
  const rows = await world.query<{ source_lead_id: string }>(
    `select source_lead_id from lead_receipts where lead_id is not null`,
  );
  const there = new Set(rows.map(({ source_lead_id }) => source_lead_id));
  const listed = new Set(record.find(({ what }) => what === marks.lost)?.details.map(Number));
  const killedAt = momentOf(campaign, marks.killed);
  const announced = new Set(
    stored.flatMap(({ subject, text }) => (subject === 'lead.created' ? [leadIdOf(text)] : [])),
  );
  for (const { sourceLeadId, ids, toldAt } of posted) {
    if (there.has(sourceLeadId)) continue;
    for (const [n, id] of ids.entries()) {
      const age = killedAt - (toldAt[n] ?? 0);
      const untold = !announced.has(id) && age >= 0 && age < relayedWithinMs;
      if (!listed.has(id) && !untold) violations.push({ what: `${sourceLeadId} is lost and was not listed as such` });
    }
  }
  if (listed.size === 0) violations.push({ what: 'no lead was lost: the database was not older' });
  // Before the reconciling a number may come twice; from then on never again.
  const reconciledAt = momentOf(campaign, marks.reconciled);
  const given = posted.flatMap(({ sourceLeadId, ids, toldAt }) =>
    ids.map((id, n) => ({ sourceLeadId, id, at: toldAt[n] ?? 0 })),
  );
  for (const [id, own] of Map.groupBy(given, (lead) => lead.id)) {
    const to = new Set(own.map(({ sourceLeadId }) => sourceLeadId));
    if (to.size > 1 && own.some(({ at }) => at > reconciledAt))
      violations.push({ what: `lead ${id} was given to ${[...to].join(' and ')}`, leadId: id });
  }
  return violations;
}

function judgeTasks({ crm, calls }: Ledgers): Violation[] {
  const violations: Violation[] = [];
  const tasks = Map.groupBy(
    crm.filter(({ event }) => event === 'task.created'),
    ({ room }) => room ?? '',
  );
  for (const [room, own] of tasks) if (own.length > 1) violations.push({ what: `${room} has ${own.length} tasks` });
  for (const call of calls) {
    const own = tasks.get(call.call_room);
    if (call.status === 'pushed' && own?.[0]?.id !== call.crm_task_id)
      violations.push({ what: `${call.call_room} is pushed without its task`, leadId: call.lead_id });
    if (call.status === 'failed' && own !== undefined)
      violations.push({ what: `${call.call_room} is failed and has a task`, leadId: call.lead_id });
  }
  return violations;
}

async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 10) throw error;
      await wait(1_000);
    }
  }
}
