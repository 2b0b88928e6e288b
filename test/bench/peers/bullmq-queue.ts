import { Queue, Worker } from 'bullmq';
import { jobName, type PeerQueue } from './peer-queue.ts';

/** Jobs are removed when they are done, and fifty run at a time, as its pages advise. */
export async function openBullmq(url: string): Promise<PeerQueue> {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const options = { removeOnComplete: true };
  const queue = new Queue(jobName, { connection, defaultJobOptions: options });
  await queue.waitUntilReady();
  return {
    async send(lead) {
      await queue.add(jobName, lead);
    },
    async sendAll(leads) {
      await queue.addBulk(leads.map((data) => ({ name: jobName, data })));
    },
    async work(claimed) {
      const worker = new Worker(jobName, async () => claimed(), { connection, concurrency: 50 });
      worker.on('error', (error) => console.error(error));
      await worker.waitUntilReady();
    },
  };
}
