import { defineConfig } from 'vitest/config';

/** Apart from `npm test`: these need programs that take minutes to build, the first time. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: [`${process.env['LEADLINE_KUBERNETES_TEST'] ?? 'overlays'}.cluster.test.ts`],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
