import { claimDueLeads } from '../../services/dispatcher/src/claim-due-leads.ts';
import type { Deps } from '../../services/dispatcher/src/deps.ts';
import { permitDial } from '../../services/dispatcher/src/permit-dial.ts';
import { median } from './figures.ts';
import { openDispatcher, toDispatcher } from './open-dispatcher.ts';
import type { Servers, Stand } from './servers.ts';

/** ms that a claim and its permit take together, early in the day and late in it. */
export type Claiming = { early: number; late: number };

const callsByEvening = 50_000;
const roundLeads = 100;
const rounds = 5;

/**
 * Claims leads and permits their dials, as a dispatcher does and with nothing else to do: in a database that has rung
 * nobody yet today, and in one that has rung many. The rounds of the two take turns.
 */
export async function measureClaims(servers: Servers, say: (line: string) => void): Promise<Claiming> {
  say(`bench: claiming, with no calls before and with ${callsByEvening.toLocaleString('en-IN')} in the day`);
  const [morning, evening] = [
    await openStand(servers, 'morning', 0),
    await openStand(servers, 'evening', callsByEvening),
  ];
  try {
    const [early, late]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      early.push(...(await claimRound(morning)));
      late.push(...(await claimRound(evening)));
    }
    return { early: median(early), late: median(late) };
  } finally {
    await Promise.all([morning.close(), evening.close()]);
  }
}

type Claimer = { stand: Stand; deps: Deps; close(): Promise<void> };

async function openStand(servers: Servers, name: string, calls: number): Promise<Claimer> {
  const stand = await servers.stand(name);
  await stand.query(`
    with l as (
      insert into leads (name, phone, source, status, created_at)
      select 'Asha', '+9190' || lpad(n::text, 8, '0'), 'bench', 'dispatched', clock_timestamp() - interval '10 hours'
        from generate_series(1, ${calls}) n returning id, phone),
    c as (
      insert into calls (lead_id, name, phone, source, status, call_room, call_started_at, attempt)
      select id, 'Asha', phone, 'bench', 'pushed', 'call-' || id, clock_timestamp() - interval '5 hours', 1 from l
      returning id, lead_id, phone, call_started_at as at),
    d as (
      insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at, decided_at, decided_as)
      select id, lead_id, 1, phone, 'bench', at, at, at + interval '2 minutes', 'called' from c)
    insert into call_facts (call_id, slot_free_at, number_free_at)
    select id, at + interval '2 minutes', at + interval '2 minutes' from c`);
  await stand.query('analyze');
  return { stand, ...(await openDispatcher(toDispatcher(stand))) };
}

/** Each lead's ms; its dial is then taken as ended, so that no cap fills. */
async function claimRound({ stand, deps }: Claimer): Promise<number[]> {
  await stand.query(`
    insert into leads (name, phone, source, created_at)
    select 'Asha', '+9191' || lpad(nextval('leads_id_seq')::text, 8, '0'), 'bench', clock_timestamp()
      from generate_series(1, ${roundLeads})`);
  const took: number[] = [];
  for (let n = 0; n < roundLeads; n++) {
    const since = performance.now();
    const [claim] = await claimDueLeads(deps, 1);
    if (claim === undefined) throw new Error('nothing was due');
    let permit = await permitDial(claim, deps);
    // The pace is a wait, not work.
    while (permit.kind === 'ask_again') permit = await permitDial(claim, deps);
    if (permit.kind !== 'permitted') throw new Error('a dial was not permitted');
    took.push(performance.now() - since);
  }
  await endCalls(stand);
  return took;
}

/** Takes every call under way as dialled, ended and pushed, so that none holds a number or a channel. */
export async function endCalls(stand: Stand): Promise<void> {
  await stand.query(`
    with ended as (update calls set status = 'pushed' where status = 'calling' returning id),
    decided as (
      update dials set sent_at = coalesce(sent_at, claimed_at), decided_at = clock_timestamp(), decided_as = 'called'
       where decided_at is null)
    insert into call_facts (call_id, slot_free_at, number_free_at)
    select id, clock_timestamp(), clock_timestamp() from ended`);
}
