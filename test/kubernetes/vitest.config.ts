import { defineConfig } from 'vitest/config';

const proofs = (process.env['LEADLINE_KUBERNETES_TEST'] ?? 'overlays').split(',');

/** Apart from `npm test`: these need programs that take minutes to build, the first time. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: proofs.map((proof) => `${proof}.cluster.test.ts`),
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
