import { PgBoss } from 'pg-boss';
import { jobName, maxTogether, type PeerQueue } from './peer-queue.ts';

/**
 * A queue that notifies, and a worker that fetches in batches and goes on at once while they come full: what pg-boss names
 * for much work. Its default, one job each two seconds, would be no race.
 */
export async function openPgBoss(url: string): Promise<PeerQueue> {
  const boss = new PgBoss({ connectionString: url, useListenNotify: true });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(jobName, { notify: true });
  return {
    async send(lead) {
      await boss.send(jobName, lead);
    },
    async sendAll(leads) {
      await boss.insert(
        jobName,
        leads.map((data) => ({ data })),
      );
    },
    async work(claimed) {
      const options = {
        batchSize: maxTogether,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
        notifyPollingIntervalSeconds: 0.5,
      };
      await boss.work(jobName, options, async (jobs) => {
        for (const _ of jobs) claimed();
      });
    },
  };
}
