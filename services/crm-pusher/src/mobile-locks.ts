import { within } from '@leadline/service-kit/within';
import { Client } from 'pg';

/**
 * One push at a time for a mobile number, over all replicas. A push talks to the CRM for seconds, too long for a
 * transaction, so the lock belongs to a session of its own; a frozen process loses that session after 10 s.
 */
export type MobileLocks = {
  /** Runs `work` while the number is held, or answers `busy`. `stillHeld` asks the server. */
  hold<T>(phone: string, work: (lock: { stillHeld(): Promise<boolean> }) => Promise<T>): Promise<T | 'busy'>;
};

/** First key of the advisory lock; the second is the number. */
const mobileClass = 3;

export function mobileLocks(databaseUrl: string): MobileLocks {
  return {
    async hold(phone, work) {
      const session = new Client({
        connectionString: databaseUrl,
        application_name: 'crm-pusher-lock',
        connectionTimeoutMillis: 5_000,
        query_timeout: 6_000,
        options: '-c idle_session_timeout=10000 -c statement_timeout=5000',
      });
      session.on('error', () => undefined);
      await session.connect();
      let held = Promise.resolve(true);
      /** One question after the other. What is lost once stays lost. */
      const stillHeld = (): Promise<boolean> => {
        const ask = async (before: boolean): Promise<boolean> => before && isAnswered(session);
        held = held.then(ask);
        return held;
      };
      const asking = setInterval(() => void stillHeld(), 2_000);
      try {
        const { rows } = await session.query<{ held: boolean }>(
          'select pg_try_advisory_lock($1, hashtext(last_ten($2))) as held',
          [mobileClass, phone],
        );
        if (rows[0]?.held !== true) return 'busy';
        return await work({ stillHeld });
      } finally {
        clearInterval(asking);
        // A server that went away without a word would let it wait for as long as TCP tries.
        await within(2_000, session.end()).catch(() => undefined);
      }
    },
  };
}

async function isAnswered(session: Client): Promise<boolean> {
  try {
    await session.query('select 1');
    return true;
  } catch {
    return false;
  }
}
