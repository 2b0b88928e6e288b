import { z } from 'zod';

/** Why a call failed: the closed list of `calls.failure_reason`. */
export const failureReasons = z.enum([
  'rejected',
  'unanswered',
  'dispatch_failed',
  'startup_failed',
  'stale_timeout',
  'no_answers',
]);
export type FailureReason = z.infer<typeof failureReasons>;
