import { decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import { z } from 'zod';

const settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(0, 65_535).prefault('0'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LIVEKIT_API_KEY: z.string(),
  LIVEKIT_API_SECRET: z.string(),
  /** Ids of the trunks that exist, separated by commas. */
  SIP_TRUNK_ID: z.string(),
  /** Where LiveKit's webhooks go; none are sent without it. */
  WEBHOOK_URL: z.url().optional(),
  /** Where the voice agent reports; without it, it comes to calls and reports nothing. */
  NATS_URL: z.string().optional(),
  NATS_USER: z.string().optional(),
  NATS_PASS: z.string().optional(),
  PHONE_LOG: z.string(),
  CRM_LOG: z.string(),
  CRM_API_KEY: z.string(),
  CRM_REQUESTS_PER_MINUTE: integer(1, 1_000_000).prefault('100'),
  /** What every marketplace takes as the seller's key, or as the Page's token. */
  VENDOR_KEY: z.string().default('simulated-vendor-key'),
  /** The folder for the marketplaces' logs; beside the phone's unless given. */
  VENDOR_LOGS: z.string().optional(),
  /** How long a phone rings before it is answered, and a talk lasts, where no script says. */
  SIMULATED_RING_SECONDS: decimal(0, 120).prefault('1'),
  SIMULATED_TALK_SECONDS: decimal(0, 3_600).prefault('2'),
  /** How long a token is taken after its end. */
  LIVEKIT_LEEWAY_SECONDS: decimal(0, 300).prefault('60'),
  /** Divides every time that is LiveKit's or a script's own. */
  TIME_FACTOR: decimal(0.1, 1_000).prefault('1'),
});

export type SimulatorConfig = z.output<typeof settings>;

/** @throws ConfigError with all problems at once */
export function readSimulatorConfig(env: Record<string, string | undefined>): SimulatorConfig {
  return readConfig(settings, env);
}
