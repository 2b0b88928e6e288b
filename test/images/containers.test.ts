import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findDocker, preparedWithinMs } from './docker-of-run.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

test(
  'tests run on a Postgres and nats-servers in containers as well',
  { timeout: 600_000 + preparedWithinMs },
  async ({ skip }) => {
    const { docker, missing } = await findDocker();
    if (missing !== '') return skip(missing);
    const files = ['connection/connect', 'outbox/relay-faults'].map(
      (name) => `packages/messaging/src/${name}.int.test.ts`,
    );
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { stdout } = await run(process.execPath, [vitest, 'run', '--project', 'integration', ...files], {
      cwd: root,
      env: {
        ...process.env,
        ...docker.env,
        LEADLINE_TEST_INFRA: 'containers',
        // Its own image can't be had everywhere; what is left behind goes with the Docker of this run.
        TESTCONTAINERS_RYUK_DISABLED: 'true',
        NO_COLOR: '1',
      },
      maxBuffer: 16 * 1024 * 1024,
    });
    expect(stdout).toMatch(/Test Files +2 passed \(2\)/);
  },
);
