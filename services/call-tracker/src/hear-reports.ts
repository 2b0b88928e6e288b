import { databaseNow } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import { noteHeard } from '@leadline/database/report-hearing';
import type { Nats } from '@leadline/messaging/connect';
import { readBacklogMs } from '@leadline/messaging/read-backlog';
import { every } from '@leadline/service-kit/every';
import type { Log } from '@leadline/service-kit/logger';

export type Hearing = { state(): true | string; stop(): Promise<void> };

/**
 * Keeps a row that says up to when all reports of agents are known: it stands still while their durable is gone or paused,
 * while NATS or the stream does not answer, and while nobody takes in what waits. Any replica may write it.
 */
export function hearReports(around: { postgres: Database; nats: Nats; log: Log }): Hearing {
  const { postgres, nats, log } = around;
  let isHeard = true;
  const note = (heard: boolean): void => {
    if (heard === isHeard) return;
    isHeard = heard;
    if (heard) log.info({}, 'reports of agents are heard again');
    else
      log.error({}, 'reports of agents can not be heard: no call without answers is settled, and nobody new is rung');
  };
  const repeating = every({
    name: 'hear reports',
    ms: 1_000,
    async work() {
      if (!nats.isUp()) return note(false);
      // Read before: what is published from here on is not known to be heard.
      const now = await databaseNow(postgres.em());
      const behindMs = await readBacklogMs(nats, 'call-tracker-agent').catch(() => undefined);
      note(behindMs !== undefined);
      if (behindMs !== undefined) await noteHeard(postgres.em(), new Date(now.getTime() - behindMs));
    },
    log,
  });
  return { state: () => isHeard || 'agents’ reports can not be heard', stop: () => repeating.stop() };
}
