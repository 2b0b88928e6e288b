import { defineConfig } from 'vitest/config';

/** Apart from `npm test`: these need a server that is built with Go, and packages that Leadline does not install. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.livekit.test.ts'],
    globalSetup: ['../global-setup.ts'],
    setupFiles: ['../provide-leadline.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // A test of its own seconds: one agent's start takes a whole core.
    maxWorkers: 1,
    fileParallelism: false,
  },
});
