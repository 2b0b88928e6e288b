import { letGoOfPushes, tryToHoldPushes } from '@leadline/database/locks';
import { requireWritable, sessionSettings } from '@leadline/database/session';
import { Pool, type PoolClient } from 'pg';

/**
 * Allows one push at a time for a mobile number, over all replicas. A push talks to the CRM for seconds, too long for a
 * transaction, so a session of its own holds the lock; a frozen process loses that session after 10 s.
 */
export type MobileLocks = {
  /** Runs `work` while holding the number, or returns `busy`. `stillHeld` asks the database server. */
  hold<T>(phone: string, work: (lock: { stillHeld(): Promise<boolean> }) => Promise<T>): Promise<T | 'busy'>;
};

/** One session serves several pushes, and closes after 5 s without any. */
export function mobileLocks(databaseUrl: string): MobileLocks {
  const sessions = new Pool({
    connectionString: databaseUrl,
    application_name: 'crm-pusher-lock',
    max: 20,
    idleTimeoutMillis: 5_000,
    allowExitOnIdle: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 6_000,
    options: `${sessionSettings} -c idle_session_timeout=10000 -c statement_timeout=5000`,
  });
  sessions.on('error', () => undefined);
  sessions.on('connect', (session) => void session.on('error', () => undefined));
  return {
    async hold(phone, work) {
      const session = await sessions.connect();
      let isClean = false;
      try {
        // A server that is no primary any more excludes nobody.
        await requireWritable(session);
        if (!(await tryToHoldPushes(session, phone))) {
          isClean = true;
          return 'busy';
        }
        const keeping = keepAwake(session);
        try {
          return await work(keeping);
        } finally {
          if (await keeping.end()) isClean = await isAnswered(() => letGoOfPushes(session, phone));
        }
      } finally {
        // Ending the session releases all of its locks.
        session.release(!isClean);
      }
    },
  };
}

/** Queries the session regularly, because the server drops a silent one. `end` returns whether it still answered. */
function keepAwake(session: PoolClient): { stillHeld(): Promise<boolean>; end(): Promise<boolean> } {
  let held = Promise.resolve(true);
  /** One query at a time. Once the session is lost, it stays lost. */
  const stillHeld = (): Promise<boolean> => {
    const ask = async (before: boolean): Promise<boolean> => before && isAnswered(() => requireWritable(session));
    held = held.then(ask);
    return held;
  };
  const asking = setInterval(() => void stillHeld(), 2_000);
  return {
    stillHeld,
    end() {
      clearInterval(asking);
      return held;
    },
  };
}

async function isAnswered(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch {
    return false;
  }
}
