import { decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import { commonSettings } from '@leadline/service-kit/shared-settings';
import { z } from 'zod';

export const simulatorSettings = z.object({
  HOST: commonSettings.HOST,
  PORT: integer(0, 65_535).prefault('0').meta({
    goal: 'simulate',
    description: 'The port of all it simulates. 0 takes any free port.',
    example: '7880',
  }),
  LOG_LEVEL: commonSettings.LOG_LEVEL,
  LIVEKIT_API_KEY: z
    .string()
    .meta({ goal: 'simulate', description: 'The key that it accepts as LiveKit.', example: 'simulator' }),
  LIVEKIT_API_SECRET: z
    .string()
    .meta({ goal: 'simulate', description: 'The secret of that key.', example: 'secret-of-that-key' }),
  SIP_TRUNK_ID: z
    .string()
    .meta({ goal: 'simulate', description: 'The trunks that exist, separated by commas.', example: 'ST_simulated' }),
  WEBHOOK_URL: z.url().optional().meta({
    goal: 'simulate',
    description: "Where LiveKit's webhooks go. Without it none are sent.",
    example: 'http://127.0.0.1:8081/webhooks/livekit',
  }),
  NATS_URL: z.string().optional().meta({
    goal: 'simulate',
    description: 'Where the voice agent reports. Without it the agent takes part in calls and reports nothing.',
    example: 'nats://127.0.0.1:4222',
  }),
  NATS_USER: z
    .string()
    .optional()
    .meta({ goal: 'simulate', description: 'The NATS user of the voice agent.', example: 'agent' }),
  NATS_PASS: z
    .string()
    .optional()
    .meta({ goal: 'simulate', description: 'The password of that user.', example: 'secret-of-the-agent' }),
  PHONE_LOG: z.string().meta({
    goal: 'simulate',
    description: 'The file in which each ring and talk is written, one JSON line each.',
    example: '/tmp/phone.jsonl',
  }),
  CRM_LOG: z.string().meta({
    goal: 'simulate',
    description: 'The file in which each request to the CRM is written, one JSON line each.',
    example: '/tmp/crm.jsonl',
  }),
  CRM_API_KEY: z
    .string()
    .meta({ goal: 'simulate', description: 'The key that it accepts as the CRM.', example: 'key-of-the-tenant' }),
  CRM_REQUESTS_PER_MINUTE: integer(1, 1_000_000)
    .prefault('100')
    .meta({ goal: 'simulate', description: 'How many requests the CRM takes in a minute.', example: '600' }),
  VENDOR_KEY: z.string().default('simulated-vendor-key').meta({
    goal: 'simulate',
    description: "The key that every marketplace accepts as the seller's, and Meta as the token of the Page.",
    example: 'key-of-the-seller',
  }),
  VENDOR_LOGS: z.string().optional().meta({
    goal: 'simulate',
    description: 'The folder of the logs of the marketplaces. Without it they lie beside PHONE_LOG.',
    example: '/tmp/vendors',
  }),
  SIMULATED_RING_SECONDS: decimal(0, 120)
    .prefault('1')
    .meta({ goal: 'simulate', description: 'How long a phone rings, where no script says.', example: '3' }),
  SIMULATED_TALK_SECONDS: decimal(0, 3_600)
    .prefault('2')
    .meta({ goal: 'simulate', description: 'How long a talk lasts, where no script says.', example: '20' }),
  LIVEKIT_LEEWAY_SECONDS: decimal(0, 300)
    .prefault('60')
    .meta({ goal: 'simulate', description: 'How long it accepts a token after it has expired.', example: '1' }),
  TIME_FACTOR: decimal(0.1, 1_000).prefault('1').meta({
    goal: 'simulate',
    description: "Divides every time that is LiveKit's or a script's own: 10 makes them ten times shorter.",
    example: '10',
  }),
});

export type SimulatorConfig = z.output<typeof simulatorSettings>;

/** @throws ConfigError with all problems at once */
export function readSimulatorConfig(env: Record<string, string | undefined>): SimulatorConfig {
  return readConfig(simulatorSettings, env);
}
