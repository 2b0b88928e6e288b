import type { Nats } from '@leadline/messaging/connect';
import { makeRoomForReports } from '@leadline/messaging/make-room';
import type { Log } from '@leadline/service-kit/logger';

/** Takes settled reports out of the stream before it is full. */
export async function clearReports(nats: Nats, log: Log): Promise<void> {
  const removed = nats.isUp() ? await makeRoomForReports(nats) : 0;
  if (removed > 0) log.warn({ removed }, 'AGENT is half full: settled reports were taken out, the oldest first');
}
