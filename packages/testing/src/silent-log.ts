import { createLogger } from '@leadline/service-kit/logger';

/** LEADLINE_TEST_LOG=debug shows what services say while a test runs. */
export const silentLog = createLogger({ service: 'test', level: process.env['LEADLINE_TEST_LOG'] ?? 'silent' });
