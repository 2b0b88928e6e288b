import { Client, DatabaseError } from 'pg';
import { setTimeout as wait } from 'node:timers/promises';

type OldDial = { leadId: number; callId: number; phone: string; from: number; until: number };

export type OldProgram = {
  dials: OldDial[];
  /** Leads it had picked, and was not allowed to call any more. */
  refusals: { leadId: number; code: string }[];
  /** Reads a batch of leads that it may call, as it does at the start of each round. */
  pick(batch: number): Promise<{ id: number; name: string; phone: string; source: string }[]>;
  /** Goes through a batch that was picked, however long ago. */
  work(leads: { id: number; name: string; phone: string; source: string }[]): Promise<void>;
  /** One push as its CRM job does it: the oldest `called` row becomes `pushed`. */
  pushOne(): Promise<number | undefined>;
  run(until: () => boolean): Promise<void>;
  close(): Promise<void>;
};

/**
 * The program that Leadline replaces, as plain SQL in the order it writes: pick a batch of `new` leads, insert the
 * `calling` row, dial, mark the lead, save or fail, retry. It knows nothing of attempts, permits or locks. `answers` says
 * whether a person answers its nth dial.
 */
export async function startOldProgram(
  url: string,
  answers: (phone: string, nth: number) => boolean,
): Promise<OldProgram> {
  const client = new Client({ connectionString: url, application_name: 'old-program' });
  await client.connect();
  const program: OldProgram = {
    dials: [],
    refusals: [],
    async pick(batch) {
      const { rows } = await client.query<{ id: number; name: string; phone: string; source: string }>(
        `select id, name, phone, source from leads
          where status = 'new' and (retry_after is null or retry_after <= now()) order by created_at limit $1`,
        [batch],
      );
      return rows;
    },
    async work(leads) {
      for (const lead of leads) {
        const callId = await createCall(lead);
        if (callId === undefined) continue;
        const dial = { leadId: lead.id, callId, phone: lead.phone, from: performance.timeOrigin + performance.now() };
        await wait(80);
        await client.query(`update leads set status = 'dispatched', updated_at = now() where id = $1`, [lead.id]);
        await wait(120);
        program.dials.push({ ...dial, until: performance.timeOrigin + performance.now() });
        const nth = program.dials.filter((one) => one.leadId === lead.id).length;
        if (answers(lead.phone, nth)) {
          await client.query(
            `update calls set qualification = '{"machine_interest": "yes", "budget": 5}', status = 'called',
                    call_ended_at = now(), duration_seconds = 1, updated_at = now() where id = $1`,
            [callId],
          );
        } else {
          await client.query(
            `update calls set status = 'failed', failure_reason = 'unanswered', call_ended_at = now(),
                    duration_seconds = 1, updated_at = now() where id = $1`,
            [callId],
          );
          await client.query(
            `update leads set status = 'new', retry_count = retry_count + 1, retry_after = now() + interval '1 second',
                    updated_at = now() where id = $1`,
            [lead.id],
          );
        }
      }
    },
    async pushOne() {
      const { rows } = await client.query<{ id: number }>(
        `update calls set status = 'pushed', updated_at = now()
          where id = (select id from calls where status = 'called' order by id limit 1) returning id`,
      );
      return rows[0]?.id;
    },
    async run(until) {
      while (!until()) {
        await program.work(await program.pick(3));
        await wait(20);
      }
    },
    close: () => client.end(),
  };

  async function createCall(lead: { id: number; name: string; phone: string; source: string }) {
    try {
      const { rows } = await client.query<{ id: number }>(
        `insert into calls (lead_id, name, phone, source) values ($1, $2, $3, $4) returning id`,
        [lead.id, lead.name, lead.phone, lead.source],
      );
      return rows[0]?.id;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      program.refusals.push({ leadId: lead.id, code: error.code ?? '' });
      return undefined;
    }
  }
  return program;
}
