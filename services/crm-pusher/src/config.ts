import { integer, readConfig } from '@leadline/service-kit/read-config';
import { commonSettings } from '@leadline/service-kit/shared-settings';
import { z } from 'zod';

export const settings = z.object({
  ...commonSettings,
  CRM_URL: z
    .url({ protocol: /^https?$/, message: 'must be an http(s) URL' })
    .default('https://api.talkingshops.com/v1')
    .meta({ goal: 'crm', description: "The CRM's API.", example: 'http://127.0.0.1:9000/v1' }),
  CRM_API_KEY: z
    .string()
    .meta({ goal: 'crm', description: 'The key of your tenant there.', example: 'key-of-the-tenant' }),
  // The documented limit is 100 a minute for each tenant.
  CRM_REQUESTS_PER_MINUTE: integer(1, 100_000).prefault('90').meta({
    goal: 'crm',
    description: 'The most requests of one replica in a minute. The CRM allows 100 a tenant.',
    example: '45',
  }),
  CRM_TIMEOUT_SECONDS: integer(1, 60)
    .prefault('15')
    .meta({ goal: 'crm', description: 'How long the CRM may take to answer.', example: '20' }),
  CRM_LOOK_AGAIN_SECONDS: integer(0, 3_600).prefault('120').meta({
    goal: 'crm',
    description:
      'When the CRM gave no clear answer to a new task: how long after that the pusher first looks whether the task is there.',
    example: '180',
  }),
  CRM_LOOK_GAP_SECONDS: integer(0, 600)
    .prefault('30')
    .meta({ goal: 'crm', description: 'How long after the first such look the second one follows.', example: '60' }),
  CRM_SWEEP_AFTER_SECONDS: integer(1, 3_600).prefault('120').meta({
    goal: 'crm',
    description: 'A call that ended so long ago and is not pushed yet is pushed without waiting for its event.',
    example: '300',
  }),
  PUSH_OLD_CALLS: z.enum(['on', 'off']).default('off').meta({
    goal: 'crm',
    description: 'Whether calls of the old program that it has not pushed are pushed too.',
    example: 'on',
  }),
  PUSH_MAX_AGE_DAYS: integer(1, 365)
    .prefault('7')
    .meta({ goal: 'crm', description: 'How old such calls may be.', example: '30' }),
  CRM_TASK_PRIORITY: z.enum(['low', 'normal', 'high', 'urgent']).default('normal').meta({
    goal: 'crm',
    description: 'The priority of a task for which the agent reported none.',
    example: 'high',
  }),
  CRM_CUSTOMER_SEGMENT: z.string().optional().meta({
    goal: 'crm',
    description: 'The segment of new customers. Without it they have none.',
    example: 'ai-leads',
  }),
});
export type Config = z.output<typeof settings>;

/** @throws ConfigError with all problems at once */
export function readCrmPusherConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}
