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
        options: '-c idle_session_timeout=10000 -c statement_timeout=5000',
      });
      session.on('error', () => undefined);
      await session.connect();
      const asking = setInterval(() => void session.query('select 1').catch(() => undefined), 2_000);
      try {
        const { rows } = await session.query<{ held: boolean }>(
          'select pg_try_advisory_lock($1, hashtext(last_ten($2))) as held',
          [mobileClass, phone],
        );
        if (rows[0]?.held !== true) return 'busy';
        return await work({
          stillHeld: () =>
            session.query('select 1').then(
              () => true,
              () => false,
            ),
        });
      } finally {
        clearInterval(asking);
        await session.end().catch(() => undefined);
      }
    },
  };
}
