/** A job queue as the peers' process uses it. A job is durable when `send` or `sendAll` resolves. */
export type PeerQueue = {
  send(lead: object): Promise<void>;
  sendAll(leads: readonly object[]): Promise<void>;
  /** Works off jobs; `claimed` is called when a worker has one in hand and no other can get it. */
  work(claimed: () => void): Promise<void>;
};

export const jobName = 'lead';

/** The most that are sent together, as ingest's groups. */
export const maxTogether = 100;
