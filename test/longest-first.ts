import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take more than half a minute by themselves, the longest first. A lane that takes one of them last makes the
 * whole run wait for it, and a fresh clone remembers no durations.
 */
const long = [
  'test/images/compose.test.ts',
  'test/faults/campaign.test.ts',
  'test/e2e/trouble.test.ts',
  'test/e2e/npm-stop.test.ts',
  'test/browser/dashboard.test.ts',
  'test/e2e/alerts.test.ts',
  'services/crm-pusher/src/crm-pusher.int.test.ts',
  'services/ingest/src/polls/polling.int.test.ts',
  'test/kubernetes/manifests.int.test.ts',
  'test/e2e/command-line.test.ts',
  'test/e2e/erase-killed.test.ts',
  'test/import/leads-import.int.test.ts',
  'test/e2e/clone.test.ts',
  'test/e2e/upgrade.test.ts',
  'test/e2e/npm-start.test.ts',
  'test/e2e/lead-to-task.test.ts',
  'services/call-tracker/src/reports.int.test.ts',
  'test/images/images.test.ts',
  'test/e2e/flows.test.ts',
  'test/e2e/old-program.test.ts',
  'packages/messaging/src/outbox/relay-faults.int.test.ts',
  'packages/messaging/src/jetstream-facts.int.test.ts',
  'test/model/check-model.test.ts',
];

/** Those first; the rest as vitest has them: by the durations it remembers, else the larger file first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (file: TestSpecification): number => {
      const at = long.indexOf(relative(this.ctx.config.root, file.moduleId));
      return at < 0 ? long.length : at;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own, which answers a new list
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => rank(a) - rank(b));
  }
}
