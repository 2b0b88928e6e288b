import { commonSettings, integer, readConfig } from '@leadline/service-kit/read-config';
import { z } from 'zod';

const settings = z.object({
  ...commonSettings,
  CRM_URL: z
    .url({ protocol: /^https?$/, message: 'must be an http(s) URL' })
    .default('https://api.talkingshops.com/v1'),
  CRM_API_KEY: z.string(),
  /** All requests together; the documented limit is 100 a tenant and minute. */
  CRM_REQUESTS_PER_MINUTE: integer(1, 100_000).prefault('90'),
  CRM_TIMEOUT_SECONDS: integer(1, 60).prefault('15'),
  /** After an unclear answer: the first look no sooner than this, the second this much after the first. */
  CRM_LOOK_AGAIN_SECONDS: integer(0, 3_600).prefault('120'),
  CRM_LOOK_GAP_SECONDS: integer(0, 600).prefault('30'),
  /** Calls found unpushed this long after they ended are pushed without an event. */
  CRM_SWEEP_AFTER_SECONDS: integer(1, 3_600).prefault('120'),
  /** Whether calls of the old program that it has not pushed are ours to push, and how old they may be. */
  PUSH_OLD_CALLS: z.enum(['on', 'off']).default('off'),
  PUSH_MAX_AGE_DAYS: integer(1, 365).prefault('7'),
  CRM_TASK_PRIORITY: z.enum(['low', 'normal', 'high', 'urgent']).default('normal'),
  CRM_CUSTOMER_SEGMENT: z.string().optional(),
});
export type Config = z.output<typeof settings>;

/** @throws ConfigError with all problems at once */
export function readCrmPusherConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}
