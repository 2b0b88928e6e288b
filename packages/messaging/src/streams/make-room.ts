import type { Nats } from '../connection/connect.ts';
import { fetchMessage } from './stored-message.ts';
import { durables, maxOfEach, streams, type StreamName } from '../topology/topology.ts';

/**
 * Whether newer messages of its subject pushed a missing message out, because the subject's share of the stream is
 * full. If not, somebody deleted it or it expired.
 */
export async function isPushedOut(nats: Nats, stream: StreamName, subject: string, seq: number): Promise<boolean> {
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  const { state } = await manager.streams.info(stream, { subjects_filter: subject });
  const maxMessages = maxOfEach(streams[stream]);
  if (maxMessages < 0 || (state.subjects?.[subject] ?? 0) < maxMessages) return false;
  const oldest = await fetchMessage(nats, stream, { seq: 1, next_by_subj: subject });
  return oldest !== undefined && oldest.seq > seq;
}

/** We make room when the stream is fuller than the first, until the second. */
const fullFrom = 0.5;
const fullTo = 0.4;
const atOnce = 200;
/** The most that one run removes; the next run continues. */
const maxRemoved = 20_000;

/**
 * Makes room in AGENT once it is half full: removes the oldest reports, but never one that the call-tracker has not
 * settled. A flooding login is refused only as long as it takes to read the flood, and other logins no longer than
 * that. Thirty days of normal reports stay far below the limit. Throws when NATS does not answer.
 * @returns how many messages it removed
 */
export async function makeRoomForReports(nats: Nats, maxBytes: number = streams.AGENT.maxBytes): Promise<number> {
  const durable = 'call-tracker-agent';
  const { stream } = durables[durable];
  const manager = await nats.connection.jetstreamManager({ checkAPI: false });
  const bytes = async (): Promise<number> => (await manager.streams.info(stream)).state.bytes;
  if ((await bytes()) < maxBytes * fullFrom) return 0;
  const settledTo = (await manager.consumers.info(stream, durable)).ack_floor.stream_seq;
  let removed = 0;
  while (removed < maxRemoved && (await bytes()) > maxBytes * fullTo) {
    const oldest = await fetchMessage(nats, stream, { seq: 1, next_by_subj: '>' });
    if (oldest === undefined || oldest.seq > settledTo) break;
    const count = Math.min(atOnce, settledTo - oldest.seq + 1);
    const seqs = Array.from({ length: count }, (_, at) => oldest.seq + at);
    // Not overwritten first, unlike an erasure: this only makes room.
    const gone = await Promise.all(
      seqs.map((seq) => manager.streams.deleteMessage(stream, seq, false).catch(() => false)),
    );
    const now = gone.filter(Boolean).length;
    if (now === 0) break;
    removed += now;
  }
  return removed;
}
