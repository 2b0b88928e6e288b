import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

const globalSetup = ['./test/global-setup.ts'];
const setupFiles = ['./test/provide-leadline.ts'];

/** These only compute: more than one a core make each other slower. */
const computing = { maxWorkers: 2, sequence: { groupOrder: 0 } };
/**
 * These mostly wait: for a lease, a retry, a timer. Each file has a database and a nats-server of its own, so they share
 * nothing but the machine; two of these lanes fill one core.
 */
const waiting = { maxWorkers: 4, sequence: { groupOrder: 1 } };
/** A busy machine makes everything late, and a test that failed too early tells nothing. */
const patience = { testTimeout: 240_000, hookTimeout: 240_000 };

// Each file is a process, and end-to-end tests start many more: what one has compiled, the next ones read.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '.leadline/compile-cache');

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Node loads tests as it loads our services: it strips types by itself. Vite would transform each module again for
    // each file, and nothing here is mocked.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{packages,services}/*/{src,test}/**/*.test.ts',
            'test/{documents,house,kubernetes,model,operations,security}/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/faults/{crash-points,mutants}.test.ts',
          ],
          exclude: ['**/*.{int,cluster}.test.ts', '**/node_modules/**'],
          ...computing,
          // Pure rules keep nothing: two processes read them all, in place of one for each file.
          isolate: false,
          // What runs side by side in one file starts programs that compute: as many as there are cores.
          maxConcurrency: 2,
          // Some go through hundreds of thousands of cases, and a busy machine may be ten times slower.
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: [
            '{packages,services}/*/{src,test,conformance}/**/*.int.test.ts',
            'test/{import,kubernetes,operations,security}/*.int.test.ts',
          ],
          globalSetup,
          setupFiles,
          ...waiting,
          ...patience,
        },
      },
      {
        test: {
          name: 'images',
          include: ['test/images/*.test.ts'],
          globalSetup: ['./test/images/global-setup.ts'],
          ...waiting,
          testTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/{e2e,faults,browser}/**/*.test.ts'],
          exclude: ['test/faults/{crash-points,mutants}.test.ts', '**/node_modules/**'],
          globalSetup,
          setupFiles,
          ...waiting,
          ...patience,
        },
      },
    ],
  },
});
