import { makeWorkerUtils, run } from 'graphile-worker';
import { jobName, type PeerQueue } from './peer-queue.ts';

/** The settings with which its own page measures it: https://worker.graphile.org/docs/performance */
const measuredSettings = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};

export async function openGraphileWorker(url: string): Promise<PeerQueue> {
  const utils = await makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  return {
    async send(lead) {
      await utils.addJob(jobName, lead);
    },
    async sendAll(leads) {
      await utils.addJobs(leads.map((payload) => ({ identifier: jobName, payload })));
    },
    async work(claimed) {
      await run({
        preset: { worker: { ...measuredSettings, connectionString: url } },
        taskList: { [jobName]: async () => claimed() },
        noHandleSignals: true,
      });
    },
  };
}
