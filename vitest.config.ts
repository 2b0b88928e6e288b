import { defineConfig } from 'vitest/config';

const globalSetup = ['./test/global-setup.ts'];
const setupFiles = ['./test/provide-leadline.ts'];
// A busy machine may end a wait too early. CI names what passed only at its second try; the fault campaign has one try.
const retry = process.env['CI'] === undefined ? 0 : 1;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{packages,services}/*/{src,test}/**/*.test.ts',
            'test/{documents,house,kubernetes,model,operations,security}/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/faults/mutants.test.ts',
          ],
          exclude: ['**/*.{int,cluster}.test.ts', '**/node_modules/**'],
          // Thousands of generated cases are too much for 5 s on a busy machine.
          testTimeout: 60_000,
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
          retry,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'images',
          include: ['test/images/*.test.ts'],
          globalSetup: ['./test/images/global-setup.ts'],
          retry,
          testTimeout: 900_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/{e2e,faults,browser}/**/*.test.ts'],
          exclude: ['test/faults/mutants.test.ts', '**/node_modules/**'],
          globalSetup,
          setupFiles,
          retry,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
