import { dialTokenSeconds } from '@leadline/telephony/livekit';
import { decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import {
  commonSettings,
  liveKitSettings,
  port,
  retentionDays,
  sharedAgentSettings,
  sharedCallSettings,
} from '@leadline/service-kit/shared-settings';
import { z } from 'zod';
import type { Policy } from './call-facts.ts';

export type Config = z.output<typeof settings>;

export const settings = z.object({
  ...commonSettings,
  RETENTION_DAYS: retentionDays,
  PORT: port(
    '0',
    "The port of LiveKit's webhooks and of agents' reports over HTTP. 0 takes any free port.",
    'outcomes',
  ),
  ...liveKitSettings,
  AGENT_KEY: z.string().min(16, 'must have at least 16 characters').meta({
    goal: 'outcomes',
    description: 'The bearer key of agents that report over HTTP; 16 characters or more.',
    example: 'a-key-of-the-agents',
  }),
  ...sharedCallSettings,
  ...sharedAgentSettings,
  MAX_TAKEOVERS: integer(0, 10).prefault('3').meta({
    goal: 'outcomes',
    description: 'How often a talk that has lost its agent gets another one. 0: never, and the talk ends.',
    example: '1',
  }),
  MIN_TALK_SECONDS: decimal(0, 60).prefault('5').meta({
    goal: 'outcomes',
    description: 'A shorter talk that the called person ended counts as a refusal.',
    example: '8',
  }),
  PROVIDER_RING_LIMIT_SECONDS: decimal(0, 3_600).prefault('240').meta({
    goal: 'outcomes',
    description: 'How long your SIP provider lets a phone ring that nobody cancels.',
    example: '180',
  }),
});

/** @throws ConfigError with all problems at once */
export function readCallTrackerConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}

/** The settings as the rules about calls take them. */
export function toPolicy(config: Config): Policy {
  return {
    ringMs: config.RING_SECONDS * 1_000,
    maxCallMs: config.MAX_CALL_SECONDS * 1_000,
    minTalkMs: config.MIN_TALK_SECONDS * 1_000,
    reportGraceMs: config.REPORT_GRACE_SECONDS * 1_000,
    agentWaitMs: config.AGENT_WAIT_SECONDS * 1_000,
    maxTakeovers: config.MAX_TAKEOVERS,
    providerRingMs: config.PROVIDER_RING_LIMIT_SECONDS * 1_000,
    latestInviteMs: (dialTokenSeconds + config.LIVEKIT_LEEWAY_SECONDS) * 1_000,
  };
}

/** The settings that `health` shows: those that the dispatcher must share, and the shortest talk. */
export function toShown(config: Config): Record<string, string | number> {
  return {
    RING_SECONDS: config.RING_SECONDS,
    MAX_CALL_SECONDS: config.MAX_CALL_SECONDS,
    LIVEKIT_LEEWAY_SECONDS: config.LIVEKIT_LEEWAY_SECONDS,
    LIVEKIT_URL: config.LIVEKIT_URL,
    MIN_TALK_SECONDS: config.MIN_TALK_SECONDS,
    REPORT_GRACE_SECONDS: config.REPORT_GRACE_SECONDS,
    AGENT_NAME: config.AGENT_NAME,
  };
}
