import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Takes the streams of an earlier version over, whose logins had no account: on the disk a stream lies below its account's
 * name. While its server runs nobody may call this. Does nothing where there are none, or where ours have been made.
 */
export function adoptStreams(storeDir: string, account: string): void {
  const [unnamed, own] = ['$G', account].map((name) => join(storeDir, 'jetstream', name));
  if (unnamed !== undefined && own !== undefined && existsSync(unnamed) && !existsSync(own)) renameSync(unnamed, own);
}
