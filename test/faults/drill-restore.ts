import { ask } from '@leadline/messaging/ask';
import { until } from '@leadline/testing/until';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Drill } from './drills.ts';
import type { Violation } from './invariants.ts';
import type { World } from './world.ts';

/** In the order in which `leadline reconcile` asks them. */
const services = ['ingest', 'call-tracker', 'crm-pusher', 'dispatcher'] as const;

const marks = {
  backUp: 'Postgres is backed up',
  killed: 'Postgres is killed while calls go on',
  restored: 'Postgres comes back as it was at the backup',
  reconciled: 'reconciled',
  lost: 'leads that are listed as lost',
};

/** Postgres comes back older than the world. Nothing rings before it is reconciled, and nobody whom it forgot rings again. */
export const restoreDrill: Drill = {
  key: 'restore',
  name: 'Postgres is restored from an older backup while calls go on',
  // I1, I5 and I8 speak of rows that are gone with what came after the backup; the judge below says what is left of them.
  invariants: ['I2', 'I4', 'I6', 'I7', 'I9', 'I11', 'I12'],
  async run({ world, campaign, leads, feed, note, say }) {
    const copy = join(world.folder, 'postgres-backup');
    const third = Math.ceil(leads / 3);
    const before = feed(third, 3);
    await wait((third / 3) * 1_000);
    world.postgres.backUp(copy);
    note(marks.backUp);
    const since = feed(third, 3);
    await Promise.all([before, since]);
    note(marks.killed);
    await world.postgres.restore(copy);
    note(marks.restored);
    // Leads are taken all the same, and the services live on: nobody tells them what happened.
    await feed(Math.ceil(third / 3), 3);
    await wait(12_000);
    for (const service of services) {
      const by = { who: 'fault campaign', reason: 'the drill' };
      const told = await askAgain(world, `ops.${service}.reconcile`, by);
      say(`  ${service}: ${JSON.stringify(told).slice(0, 300)}`);
      if (service !== 'ingest') continue;
      const details = z.array(z.number()).parse(told['lostLeads']).map(String);
      campaign.record.push({ at: Date.now(), until: Date.now(), what: marks.lost, details });
    }
    note(marks.reconciled);
    // What happened since is in the streams, and from there the dashboard has it again.
    await askAgain(world, 'ops.dashboard.rebuild', { who: 'fault campaign', reason: 'the drill' });
    await feed(third, 3);
    await until('the dashboard has built its read model anew', async () => {
      const [building] = await world.query<{ n: number }>(
        `select count(*)::int as n from dashboard_builds where state = 'building'`,
      );
      return building?.n === 0;
    });
  },

  async judge({ world, record, posted }, { phone, calls, crm, stored, leads }) {
    const at = (what: string): number => record.find((noted) => noted.what === what)?.at ?? Number.NaN;
    const latestInviteMs = (5 + world.policy.leewaySeconds) * 1_000;
    const rings: Violation[] = [];
    const invites = phone.filter(({ event }) => event === 'invite');
    for (const one of invites)
      if (one.at > at(marks.killed) + latestInviteMs && one.at < at(marks.reconciled))
        rings.push({ what: `${one.room} rang before the database was reconciled` });
    const dialling = stored.filter(({ subject, ours }) => subject === 'call.dialing' && ours);
    const permittedAt = new Map(dialling.map(({ text, at: storedAt }) => [roomOf(text), storedAt]));
    const forgotten = new Set(
      invites
        .filter(({ room }) => within(permittedAt.get(room), at(marks.backUp), at(marks.restored)))
        .map(({ number }) => number),
    );
    for (const one of invites)
      if (one.at > at(marks.reconciled) && forgotten.has(one.number))
        rings.push({ what: `${one.room} rang a number that had rung since the backup` });
    for (const [room, own] of Map.groupBy(invites, (line) => line.room))
      if (own.length > 1) rings.push({ what: `${room} rang ${own.length} times` });
    const unsaid = invites.filter(({ at: rangAt, room }) => rangAt < at(marks.restored) && !permittedAt.has(room));
    if (forgotten.size === 0) rings.push({ what: 'nobody was rung between the backup and the restore' });
    if (unsaid.length > 2) rings.push({ what: `${unsaid.length} rings are in no stream` });
    const live = Map.groupBy(phone, ({ number }) => number);
    for (const [number, lines] of live) {
      let open = 0;
      for (const { event } of lines) {
        if (event === 'invite' && ++open > 1) rings.push({ what: `${number.slice(-4)} was rung while in a call` });
        if (event === 'refused' || event === 'cancelled' || event === 'hangup') open--;
      }
    }

    const taken: Violation[] = [];
    const there = new Set(
      (
        await world.query<{ source_lead_id: string }>(
          `select source_lead_id from lead_receipts where lead_id is not null`,
        )
      ).map(({ source_lead_id }) => source_lead_id),
    );
    const told = new Set(record.find(({ what }) => what === marks.lost)?.details.map(Number));
    for (const { sourceLeadId, ids } of posted)
      if (!there.has(sourceLeadId) && ids.some((id) => !told.has(id)))
        taken.push({ what: `${sourceLeadId} is lost and was not listed as such` });
    if (told.size === 0) taken.push({ what: 'no lead was lost: the backup was not older' });
    const idsSince = leads.map(({ id }) => id);
    if (new Set(idsSince).size < idsSince.length) taken.push({ what: 'a lead’s number was given twice' });

    const tasks: Violation[] = [];
    const ownTasks = Map.groupBy(
      crm.filter(({ event }) => event === 'task.created'),
      ({ room }) => room ?? '',
    );
    for (const [room, own] of ownTasks) if (own.length > 1) tasks.push({ what: `${room} has ${own.length} tasks` });
    for (const call of calls)
      if (call.status === 'pushed' && ownTasks.get(call.call_room)?.[0]?.id !== call.crm_task_id)
        tasks.push({ what: `${call.call_room} is pushed without its task`, leadId: call.lead_id });
    for (const call of calls)
      if (call.status === 'failed' && ownTasks.has(call.call_room))
        tasks.push({ what: `${call.call_room} is failed and has a task`, leadId: call.lead_id });
    return { I1: taken, I3: rings, I5: tasks };
  },
};

function roomOf(text: string): string {
  return /"room":"([^"]+)"/.exec(text)?.[1] ?? '';
}

function within(at: number | undefined, from: number, to: number): boolean {
  return at !== undefined && at > from && at < to;
}

async function askAgain(world: World, subject: string, by: object): Promise<Record<string, unknown>> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(world.ops, subject, by, z.record(z.string(), z.unknown()), 30_000);
    } catch (error) {
      if (tries === 10) throw error;
      await wait(1_000);
    }
  }
}
