import { endWithUs } from '@leadline/local/reaper';
import type { ChildProcess } from 'node:child_process';

/** A process that a test starts by itself ends with the test's own, even when that one is killed. */
export function endWithTest(child: ChildProcess): void {
  endWithUs(child);
}
