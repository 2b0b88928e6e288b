import { readFileSync } from 'node:fs';
import type { Campaign } from './campaign.ts';
import { openWork } from './until-drained.ts';
import { checkCaps, checkRings, checkTimes } from './check-dialling.ts';
import {
  checkDeadLetters,
  checkDurables,
  checkOutboxes,
  findLostReports,
  findOvertaken,
  findRepeatedEvents,
  findSilentFacts,
  findTakenPoison,
} from './check-events.ts';
import { checkPromises, findWrongRings } from './check-promises.ts';
import { checkConsequences, readAccepted, readTold } from './check-enquiries.ts';
import { canary } from './feed-leads.ts';
import { findLeak } from './find-leak.ts';
import { invariants, leadOf, type Check, type Checked, type Invariant, type Violation } from './invariants.ts';
import type { Ledgers } from './ledgers.ts';
import { durableNames, secrets } from './world.ts';

/** What holds at every moment, asked while the campaign runs. */
export async function findEarly(
  campaign: Campaign,
  ledgers: Ledgers,
): Promise<(Violation & { invariant: Invariant }) | undefined> {
  for (const invariant of ['I3', 'I4', 'I7', 'I11'] as const) {
    const [violation] = (await checks[invariant](campaign, ledgers)).violations;
    if (violation !== undefined) return { invariant, ...violation };
  }
  const early: [Invariant, Violation[]][] = [
    ['I5', [...findSecondTasks(ledgers), ...findLostReports(ledgers)]],
    ['I10', findTakenPoison(campaign, ledgers)],
    ['I16', findWrongRings(campaign, ledgers)],
    [
      'I2',
      [
        ...(await findSilentFacts(campaign.world)),
        ...(await findOvertaken(campaign.world)),
        ...findRepeatedEvents(ledgers),
      ],
    ],
  ];
  for (const [invariant, [violation]] of early) if (violation !== undefined) return { invariant, ...violation };
  return undefined;
}

function findSecondTasks({ crm }: Ledgers): Violation[] {
  const tasks = Map.groupBy(
    crm.filter(({ event }) => event === 'task.created'),
    ({ room }) => room,
  );
  return [...tasks].flatMap(([room, own]) => (own.length > 1 ? [{ what: `${room} has ${own.length} tasks` }] : []));
}

/** Compares the ledgers that are not ours with the tables and the streams. */
export async function checkCampaign(
  campaign: Campaign,
  ledgers: Ledgers,
  asked: readonly Invariant[] = invariants,
): Promise<Map<Invariant, Checked>> {
  const results = new Map<Invariant, Checked>();
  for (const name of asked) results.set(name, await checks[name](campaign, ledgers));
  return results;
}

const checks: Record<Invariant, Check> = {
  I2: checkOutboxes,
  I3: checkRings,
  I4: checkCaps,
  I8: checkTimes,
  I9: checkDurables,
  I10: checkDeadLetters,
  I15: checkConsequences,
  I16: checkPromises,

  /** Each acknowledged POST is one lead, and a source id is one row. */
  async I1(campaign, { leads }) {
    const { asked, posted } = campaign;
    const violations: Violation[] = [];
    const receipts = await readAccepted(campaign);
    const bySourceId = Map.groupBy(receipts, ({ source_lead_id }) => source_lead_id);
    const ids = new Set(leads.map(({ id }) => id));
    for (const delivery of [...posted, ...asked]) {
      const rows = bySourceId.get(delivery.sourceLeadId) ?? [];
      if (delivery.refused.length > 0)
        violations.push({ what: `${delivery.sourceLeadId} was refused with ${delivery.refused.join(', ')}` });
      if (rows.length !== 1) violations.push({ what: `${delivery.sourceLeadId} has ${rows.length} accepted receipts` });
      for (const id of delivery.ids) {
        if (id !== rows[0]?.lead_id || !ids.has(id))
          violations.push({ what: `${delivery.sourceLeadId} was told ${id}, which is not its lead`, leadId: id });
      }
    }
    // Who asked again joined his lead, or made one where it was over.
    const joined = receipts.filter((receipt) => receipt.joined).length;
    const sent = posted.length + asked.length;
    if (leads.length !== sent - joined)
      violations.push({ what: `${sent} leads were sent, ${joined} joined, and ${leads.length} are there` });
    return { checked: sent, violations };
  },

  /** One task for each qualified call, and none else. */
  async I5(campaign, ledgers) {
    const { crm, calls } = ledgers;
    const violations = findLostReports(ledgers);
    const tasks = Map.groupBy(
      crm.filter(({ event }) => event === 'task.created'),
      ({ room }) => room ?? '',
    );
    for (const call of calls) {
      const own = tasks.get(call.call_room) ?? [];
      const hasAnswers = Object.keys(call.qualification ?? {}).length > 0;
      const where = leadOf(call);
      if (own.length > 1) violations.push({ what: `${call.call_room} has ${own.length} tasks`, ...where });
      if (call.status === 'pushed' && own[0]?.id !== call.crm_task_id)
        violations.push({ what: `${call.call_room} is pushed without its task`, ...where });
      if (call.status !== 'pushed' && own.length > 0)
        violations.push({ what: `${call.call_room} is ${call.status} and has a task`, ...where });
      if (hasAnswers !== (call.status === 'pushed'))
        violations.push({
          what: `${call.call_room} ${hasAnswers ? 'has answers' : 'has none'} and is ${call.status}`,
          ...where,
        });
      tasks.delete(call.call_room);
    }
    for (const { enquiry_id: id, task_id: taskId, lead_id: leadId } of await readTold(campaign)) {
      const own = tasks.get(`enquiry-${id}`) ?? [];
      if (own.length > 1 || (taskId !== null && own[0]?.id !== taskId))
        violations.push({ what: `the enquiry ${id} has ${own.length} tasks`, leadId });
      tasks.delete(`enquiry-${id}`);
    }
    for (const room of tasks.keys()) violations.push({ what: `a task for "${room}", which is no call's` });
    return { checked: calls.length, violations };
  },

  /** Every row is terminal. */
  async I6({ world }, { leads, calls }) {
    const violations: Violation[] = [];
    for (const { id, status } of leads)
      if (!['dispatched', 'failed'].includes(status)) violations.push({ what: `the lead is ${status}`, leadId: id });
    for (const call of calls) {
      if (!['pushed', 'failed'].includes(call.status))
        violations.push({ what: `${call.call_room} is ${call.status}`, ...leadOf(call) });
      if (call.decided_at === null) violations.push({ what: `${call.call_room} is undecided`, ...leadOf(call) });
    }
    const left = await openWork(world);
    if (left !== '') violations.push({ what: `left: ${left}` });
    return { checked: leads.length + calls.length, violations };
  },

  /** Only legal steps; a reason of the closed list, on failed calls and nowhere else. */
  async I7({ world }, { calls }) {
    const reasons = ['rejected', 'unanswered', 'dispatch_failed', 'startup_failed', 'stale_timeout', 'no_answers'];
    const violations: Violation[] = [];
    const odd = await world.query<{ table_name: string; row_id: number; from_status: string; to_status: string }>(
      `select * from odd_steps`,
    );
    for (const step of odd)
      violations.push({ what: `${step.table_name} ${step.row_id} went from ${step.from_status} to ${step.to_status}` });
    for (const call of calls) {
      const failed = call.status === 'failed';
      if (failed !== (call.failure_reason !== null && reasons.includes(call.failure_reason)))
        violations.push({
          what: `${call.call_room} is ${call.status} because of ${call.failure_reason ?? 'nothing'}`,
          ...leadOf(call),
        });
    }
    return { checked: calls.length, violations };
  },

  /** No process ended but by the harness, and none grew without bound. */
  I11({ world, maxKib }) {
    const violations: Violation[] = [];
    for (const kept of [...world.services.values(), world.simulator]) {
      for (const what of kept.unexpected) violations.push({ what });
      const log = readFileSync(kept.logFile, 'utf8');
      if (/nobody caught|unhandled/i.test(log))
        violations.push({ what: `${kept.name} says that something was not caught` });
      const kib = maxKib.get(kept.name) ?? 0;
      if (kib > 600 * 1_024) violations.push({ what: `${kept.name} held ${Math.round(kib / 1_024)} MiB` });
    }
    return { checked: world.services.size + 1, violations };
  },

  /** Ready soon after the last heal, and the backlog drained. */
  I12({ readyMs, readyWithinMs, drainedMs }) {
    const violations: Violation[] = [];
    if (readyMs === undefined || readyMs > readyWithinMs)
      violations.push({ what: `ready ${readyMs === undefined ? 'never' : `after ${readyMs} ms`}` });
    if (drainedMs === undefined) violations.push({ what: 'the backlog was not drained in time, or stood still' });
    return { checked: 2, violations };
  },

  /** No phone number, name, address or secret where it must not be. */
  async I13({ world, posted }, { stored }) {
    const violations: Violation[] = [];
    const numbers = [...new Set(posted.map(({ phone }) => phone.slice(-10)))];
    const words = [canary.name, canary.email, ...secrets];
    let checked = 0;
    const look = (where: string, text: string): void => {
      checked++;
      const leak = findLeak(text, words, numbers);
      if (leak !== undefined) violations.push({ what: `${where} holds ${leak}` });
    };
    for (const [name, kept] of world.services) look(`the log of ${name}`, readFileSync(kept.logFile, 'utf8'));
    for (const [name, url] of world.adminUrls)
      look(`the metrics of ${name}`, await (await fetch(`${url}/metrics`)).text());
    for (const { stream, subject, head, text, seq } of stored) {
      look(`the headers of ${stream} ${seq}`, `${subject}\n${head}`);
      if (stream === 'LEADS' || stream === 'CALLS') look(`the payload of ${stream} ${seq}`, text);
    }
    const refused = await fetch(`${world.ingestUrl}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.apiKey}` },
      body: JSON.stringify({ name: canary.name, phone: `${canary.name} 12`, email: [canary.email] }),
    });
    look('an error answer', await refused.text());
    return { checked, violations };
  },

  /** SIGTERM ends a service in order, and JetStream delivers nothing again but what was in hand. */
  I14({ record, deployed }, { stored }) {
    const violations: Violation[] = [];
    const ends = record.filter(({ what }) => what === 'rolling deploy').flatMap(({ details }) => details);
    for (const end of [...ends.map((detail) => detail.slice(detail.indexOf(' ') + 1)), ...(deployed?.exits ?? [])]) {
      const tookMs = Number(/after (\d+) ms/.exec(end)?.[1]);
      if (!end.includes('with exit code 0') || tookMs > 30_000) violations.push({ what: end });
    }
    for (const { name, from, to, inHand } of deployed?.durables ?? []) {
      const durable = durableNames.find(([own]) => own === name)?.[1];
      const filters: readonly string[] = durable?.filters ?? [];
      const came = stored.filter(
        ({ stream, seq, subject }) =>
          stream === durable?.stream &&
          seq > from.streamSeq &&
          seq <= to.streamSeq &&
          filters.some((filter) => filter === subject || (filter === 'agent.>' && subject.startsWith('agent.'))),
      ).length;
      const again = to.delivered - from.delivered - came;
      if (durable?.stream !== 'ADVISORIES' && again > inHand)
        violations.push({ what: `${name} was given ${again} messages again in a deploy; ${inHand} were in hand` });
    }
    return { checked: ends.length + (deployed?.exits.length ?? 0), violations };
  },
};
