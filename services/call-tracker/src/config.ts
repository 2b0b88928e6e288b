import { commonSettings, decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import { retentionDays } from '@leadline/service-kit/forget-after';
import { z } from 'zod';

export type Config = z.output<typeof settings>;

const settings = z.object({
  ...commonSettings,
  /** After so many days a person's data is taken out of what the service owns. */
  RETENTION_DAYS: retentionDays,
  /** Webhooks and reports. */
  PORT: integer(0, 65_535).prefault('0'),
  LIVEKIT_URL: z.url({ protocol: /^(https?|wss?)$/, message: 'must be an http(s) or ws(s) URL' }),
  LIVEKIT_API_KEY: z.string(),
  LIVEKIT_API_SECRET: z.string(),
  /** The bearer key of agents that report over HTTP. */
  AGENT_KEY: z.string().min(16, 'must have at least 16 characters'),
  /** As the dispatcher's: a leg lives no longer than both together. */
  RING_SECONDS: integer(1, 60).prefault('30'),
  MAX_CALL_SECONDS: integer(10, 7_200).prefault('600'),
  /** As the dispatcher's: how long LiveKit takes a token after its end. */
  LIVEKIT_LEEWAY_SECONDS: decimal(0, 300).prefault('60'),
  /** A talk shorter than this that the callee ended is a refusal. */
  MIN_TALK_SECONDS: decimal(0, 60).prefault('5'),
  /** How long the agent's report may come after the leg has left. */
  REPORT_GRACE_SECONDS: decimal(1, 3_600).prefault('90'),
  /** How long the provider lets a phone ring that nobody cancels. */
  PROVIDER_RING_LIMIT_SECONDS: decimal(0, 3_600).prefault('240'),
});

/** @throws ConfigError with all problems at once */
export function readCallTrackerConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}
