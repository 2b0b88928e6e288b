import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Adopts the streams of an earlier version, whose logins had no account: on disk, a stream's folder carries its
 * account's name. Call it only while the server is down. Does nothing if there are no such streams, or if ours exist.
 */
export function adoptStreams(storeDir: string, account: string): void {
  const [unnamed, own] = ['$G', account].map((name) => join(storeDir, 'jetstream', name));
  if (unnamed !== undefined && own !== undefined && existsSync(unnamed) && !existsSync(own)) renameSync(unnamed, own);
}
