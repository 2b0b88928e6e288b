import { letGoOfPushes, tryToHoldPushes } from '@leadline/database/locks';
import { requireWritable, sessionSettings } from '@leadline/database/session';
import { Pool, type PoolClient } from 'pg';

/**
 * One push at a time for a mobile number, over all replicas. A push talks to the CRM for seconds, too long for a
 * transaction, so the lock belongs to a session of its own; a frozen process loses that session after 10 s.
 */
export type MobileLocks = {
  /** Runs `work` while the number is held, or answers `busy`. `stillHeld` asks the server. */
  hold<T>(phone: string, work: (lock: { stillHeld(): Promise<boolean> }) => Promise<T>): Promise<T | 'busy'>;
};

/** Its sessions serve one push after the other, and end by themselves when there is none for 5 s. */
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
        // One that is no primary any more excludes nobody.
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
        // With its session every lock ends.
        session.release(!isClean);
      }
    },
  };
}

/** Asks the session again and again, for the server drops a silent one. `end` says whether it still answered. */
function keepAwake(session: PoolClient): { stillHeld(): Promise<boolean>; end(): Promise<boolean> } {
  let held = Promise.resolve(true);
  /** One question after the other. What is lost once stays lost. */
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
