import { isEverybodys } from '@leadline/database/decide-fault';
import { letGoOfPushes, tryToHoldPushes } from '@leadline/database/locks';
import { requireWritable, sessionSettings } from '@leadline/database/session';
import type { Sql } from '@leadline/database/sql';
import { groupInputs } from '@leadline/service-kit/group-inputs';
import { Client } from 'pg';
import { z } from 'zod';

/** A number that nobody else pushes for. */
export type HeldNumber = {
  /**
   * Runs `work` in a transaction of the session that holds the number, so that it commits only while the number is held.
   * Returns false if the session is lost: then `work` may have been undone.
   */
  write(work: (sql: Sql) => Promise<unknown>): Promise<boolean>;
};

/** What to hold a number for. `phoneOf` and `read` run in one transaction, `read` once the number is held. */
type Holding<Read, T> = {
  /** Undefined: there is no number to hold, and nothing else is done. */
  phoneOf: (sql: Sql) => Promise<string | undefined>;
  read: (sql: Sql) => Promise<Read>;
  work: (read: Read, lock: HeldNumber) => Promise<T>;
};

/**
 * Allows one push at a time for a mobile number, over all replicas. A push talks to the CRM for seconds, too long for a
 * transaction, so a session of its own holds the locks of all pushes of this process; a frozen process loses it after 10 s.
 */
export type MobileLocks = {
  /** Runs `work` while holding the number, or returns `busy`, or undefined if there is no number. */
  hold<Read, T>(holding: Holding<Read, T>): Promise<T | 'busy' | undefined>;
  /** Ends the session once what was asked of it is done. */
  stop(): Promise<void>;
};

/** A step in a transaction of the session; it may run twice. Without `opens` it gets no session where none is open. */
type Step = { key: string; opens: boolean; run: (session: LockSession | undefined) => Promise<void> };

type Taken = { by: LockSession; phone: string; number: string };
type LockSession = { client: Client; sql: Sql; isLost: boolean; askedAt: number };

/** The first step never waits; those that follow it closely share the session's next transaction. */
const gatherMs = 100;
const maxTogether = 32;
/** The session ends after so long without any push. */
const idleMs = 5_000;
/** The server drops a session that is silent for 10 s. */
const keepAwakeEachMs = 2_000;

/** One session serves all pushes, and closes after 5 s without any. */
export function mobileLocks(databaseUrl: string): MobileLocks {
  let session: LockSession | undefined;
  /** Last ten digits of the numbers that this process holds: the session itself would be given them again. */
  const held = new Set<string>();
  let steps = 0;

  const openSession = async (): Promise<LockSession> => {
    if (session?.isLost === false) return session;
    const client = new Client({
      connectionString: databaseUrl,
      application_name: 'crm-pusher-lock',
      connectionTimeoutMillis: 5_000,
      query_timeout: 6_000,
      keepAlive: true,
      options: `${sessionSettings} -c idle_session_timeout=10000 -c idle_in_transaction_session_timeout=2000 -c lock_timeout=2000 -c statement_timeout=5000`,
    });
    const opened: LockSession = {
      client,
      sql: { query: (text, parameters) => client.query(text, [...parameters]) },
      isLost: false,
      askedAt: performance.now(),
    };
    client.on('error', () => (opened.isLost = true));
    client.on('end', () => (opened.isLost = true));
    await client.connect();
    session = opened;
    return opened;
  };
  /** Ending a session releases all of its locks. */
  const end = (ended: LockSession): void => {
    ended.isLost = true;
    if (session === ended) session = undefined;
    void ended.client.end().catch(() => undefined);
  };
  /** All or nothing. A session that has failed is not used again, for nobody knows what it holds. */
  const commitNow = async (group: readonly Step[]): Promise<true[]> => {
    const opened = group.some(({ opens }) => opens) ? await openSession() : session;
    try {
      if (opened !== undefined) {
        opened.askedAt = performance.now();
        await opened.client.query('begin');
        // A server that is no primary any more excludes nobody.
        await requireWritable(opened.client);
      }
      for (const { run } of group) await run(opened);
      await opened?.client.query('commit');
      return group.map(() => true);
    } catch (error) {
      if (opened !== undefined) end(opened);
      throw error;
    }
  };
  let committing: Promise<unknown> = Promise.resolve();
  /** One transaction at a time, also while a step of a failed group is repeated alone beside the next group. */
  const commit = (group: readonly Step[]): Promise<true[]> => {
    const committed = committing.then(() => commitNow(group));
    committing = committed.catch(() => undefined);
    return committed;
  };
  const groups = groupInputs<Step, true>({
    keyOf: ({ key }) => key,
    goesAlone: () => false,
    commit,
    meetsAll: isEverybodys,
    maxTogether,
    maxAlone: 1,
    gatherMs,
  });
  const ask = (step: Omit<Step, 'key'>): Promise<true> => groups.add({ key: String(++steps), ...step });
  const writeIn = async (by: LockSession | undefined, write: (sql: Sql) => Promise<unknown>): Promise<boolean> => {
    let isWritten = false;
    const run = async (now: LockSession | undefined): Promise<void> => {
      isWritten = false;
      if (now === undefined || now !== by || now.isLost) return;
      await write(now.sql);
      isWritten = true;
    };
    try {
      await ask({ opens: false, run });
      return isWritten;
    } catch (error) {
      if (isEverybodys(error)) return false;
      throw error;
    }
  };

  const keepAwake = setInterval(() => {
    if (session === undefined) return;
    const silentMs = performance.now() - session.askedAt;
    if (held.size === 0 && silentMs > idleMs) end(session);
    else if (held.size > 0 && silentMs > keepAwakeEachMs)
      void ask({ opens: false, run: () => Promise.resolve() }).catch(() => undefined);
  }, keepAwakeEachMs / 2);
  keepAwake.unref();

  return {
    async hold({ phoneOf, read, work }) {
      let taken: Taken | undefined;
      let found: { value: Awaited<ReturnType<typeof read>> } | { unreadable: unknown } | undefined;
      const letGo = (): void => {
        if (taken === undefined) return;
        const { by, phone, number } = taken;
        held.delete(number);
        taken = undefined;
        const run = async (now: LockSession | undefined): Promise<void> => {
          if (now === by) await letGoOfPushes(by.client, phone);
        };
        void ask({ opens: false, run }).catch(() => undefined);
      };
      let isBusy = false;
      const take = async (by: LockSession | undefined): Promise<void> => {
        if (by === undefined) throw new Error('no session was opened');
        // A group that failed is repeated, on another session.
        if (taken !== undefined) held.delete(taken.number);
        taken = undefined;
        found = undefined;
        try {
          const phone = await phoneOf(by.sql);
          if (phone === undefined) return;
          const number = phone.replaceAll(/\D/g, '').slice(-10);
          isBusy = held.has(number) || !(await tryToHoldPushes(by.client, phone));
          if (isBusy) return;
          held.add(number);
          taken = { by, phone, number };
          found = { value: await read(by.sql) };
        } catch (error) {
          // It is this one's fault alone, and the transaction stands.
          if (!(error instanceof z.ZodError)) throw error;
          found = { unreadable: error };
        }
      };
      try {
        await ask({ opens: true, run: take });
        if (found === undefined) return isBusy ? 'busy' : undefined;
        if ('unreadable' in found) throw found.unreadable;
        return await work(found.value, { write: (write) => writeIn(taken?.by, write) });
      } finally {
        letGo();
      }
    },
    async stop() {
      clearInterval(keepAwake);
      await groups.stop();
      if (session !== undefined) end(session);
    },
  };
}
