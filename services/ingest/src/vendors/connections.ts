import { fieldAliases } from '@leadline/contracts/lead-fields';
import { modeName } from '@leadline/contracts/mode';
import type { Database } from '@leadline/database/open-database';
import { rows } from '@leadline/database/sql';
import { hash, timingSafeEqual } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

/** A row of `source_connections`. */
export const connectionRow = z.object({
  id: z.string(),
  source: z.string(),
  tokenHash: z.string(),
  oldTokenHash: z.string().nullable(),
  secret: z.string().nullable(),
  accessToken: z.string().nullable(),
  aliases: fieldAliases.catch({}),
  agentMode: modeName.nullable().catch(null),
  requestsPerMinute: z.number(),
  mostBodyBytes: z.number(),
});
export type Connection = z.infer<typeof connectionRow>;

export type Connections = {
  /**
   * The connection of this source that has this token. Takes the same time whatever is wrong with the token.
   * @throws when the token is unknown and the database does not answer
   */
  find(source: string, token: string): Promise<Connection | undefined>;
};

/** How long we may miss another replica's change. */
const freshMs = 1_000;
/** Unknown tokens can't make us ask the database more often than this. */
const restMs = 50;

export const hashToken = (token: string): string => hash('sha256', token);

/** Keeps all connections in memory: there are few, and every delivery needs one. */
export function openConnections(postgres: Database): Connections {
  let known: Connection[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const leftMs = readAt + restMs - performance.now();
    if (leftMs > 0) await wait(leftMs);
    const startedAt = performance.now();
    known = await rows(
      postgres.sql,
      connectionRow,
      `select id, source, token_hash, case when old_token_until > clock_timestamp() then old_token_hash end as old_token_hash,
              secret, access_token, aliases, agent_mode, requests_per_minute, most_body_bytes
         from source_connections where enabled`,
      [],
    );
    readAt = startedAt;
  };
  const refresh = (): Promise<void> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    async find(source, token) {
      const presented = hash('sha256', token, 'buffer');
      const among = (): Connection | undefined => {
        let found: Connection | undefined;
        for (const connection of known) {
          for (const kept of [connection.tokenHash, connection.oldTokenHash]) {
            if (kept !== null && timingSafeEqual(Buffer.from(kept, 'hex'), presented)) found = connection;
          }
        }
        return found?.source === source ? found : undefined;
      };
      const before = among();
      if (before !== undefined && performance.now() - readAt < freshMs) return before;
      // A read that began before this request may be too old for it.
      if (reading !== undefined && before === undefined) await reading.catch(() => undefined);
      try {
        await refresh();
      } catch (error) {
        if (before === undefined) throw error;
        return before;
      }
      return among();
    },
  };
}
