import type { StoredMsg } from 'nats';
import type { Nats } from '../connection/connect.ts';
import { fetchMessage } from './stored-message.ts';
import type { StreamName } from '../topology/topology.ts';

const atOnce = 100;

/**
 * A stream's messages with these subjects, newest first, back to those stored before `since`. It calls `stayAwake`
 * between batches, because a read may outlast the database's limit for idle sessions. Throws when NATS does not answer.
 */
export async function readBack(
  nats: Nats,
  { stream, subjects, since }: { stream: StreamName; subjects: readonly string[]; since: Date },
  stayAwake: () => Promise<unknown> = () => Promise.resolve(),
): Promise<StoredMsg[]> {
  const newest = await Promise.all(subjects.map((subject) => fetchMessage(nats, stream, { last_by_subj: subject })));
  const first = await fetchMessage(nats, stream, { seq: 1, next_by_subj: '>' });
  const read: StoredMsg[] = [];
  for (let seq = Math.max(0, ...newest.map((message) => message?.seq ?? 0)); seq >= (first?.seq ?? 1); seq -= atOnce) {
    await stayAwake();
    const seqs = Array.from({ length: Math.min(atOnce, seq) }, (_, back) => seq - back);
    const messages = await Promise.all(seqs.map((number) => fetchMessage(nats, stream, { seq: number })));
    const recent = messages.filter((message) => message !== undefined && message.time >= since);
    for (const message of recent) if (message !== undefined && subjects.includes(message.subject)) read.push(message);
    if (messages.some((message) => message !== undefined && message.time < since)) break;
  }
  return read;
}
