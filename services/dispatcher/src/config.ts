import { agentModes } from '@leadline/contracts/qualification';
import { failureReasons, type FailureReason } from '@leadline/contracts/failure-reason';
import { commonSettings, decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import { retentionDays } from '@leadline/service-kit/forget-after';
import { z } from 'zod';
import { parseCallWindow } from './call-window.ts';

export type Config = z.output<typeof settings>;

const callWindow = z.string().transform((text, context) => {
  try {
    return parseCallWindow(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

const unitMs = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** `unanswered=30m,2h rejected=4h …`: every reason must have at least one delay. */
const retryDelays = z.string().transform((text, context) => {
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const delays = new Map<string, number[]>();
  for (const part of text.trim().split(/\s+/)) {
    const [reason = '', list = ''] = part.split('=');
    const steps = list.split(',').map((step) => {
      const [, amount, unit = ''] = /^(\d+)([smh])$/.exec(step) ?? [];
      return Number(amount) * (unitMs.get(unit) ?? Number.NaN);
    });
    if (!failureReasons.safeParse(reason).success || steps.some(Number.isNaN)) {
      return refuse(`has a part that can't be read: "${part}"; write it like unanswered=30m,2h`);
    }
    delays.set(reason, steps);
  }
  const of = (reason: FailureReason): number[] => delays.get(reason) ?? refuse(`has no delay for ${reason}`);
  return {
    rejected: of('rejected'),
    unanswered: of('unanswered'),
    dispatch_failed: of('dispatch_failed'),
    startup_failed: of('startup_failed'),
    stale_timeout: of('stale_timeout'),
    no_answers: of('no_answers'),
  };
});

const settings = z.object({
  ...commonSettings,
  /** After so many days a person's data is taken out of what the service owns. */
  RETENTION_DAYS: retentionDays,
  LIVEKIT_URL: z.url({ protocol: /^(https?|wss?)$/, message: 'must be an http(s) or ws(s) URL' }),
  LIVEKIT_API_KEY: z.string(),
  LIVEKIT_API_SECRET: z.string(),
  SIP_TRUNK_ID: z.string(),
  CALLER_ID: z.string().optional(),
  AGENT_NAME: z.string().default('leadline-agent'),
  AGENT_MODE: agentModes.default('sarvam'),
  AGENT_WAIT_SECONDS: integer(1, 60).prefault('10'),
  /** How long LiveKit takes a token after its end. */
  LIVEKIT_LEEWAY_SECONDS: decimal(0, 300).prefault('60'),
  /** LiveKit gives a waiting dial 80 s in all, joining included; 0 would mean no limit at all. */
  RING_SECONDS: integer(1, 60).prefault('30'),
  MAX_CALL_SECONDS: integer(10, 7_200).prefault('600'),
  MAX_CONCURRENT_CALLS: integer(1, 10_000).prefault('10'),
  CALLS_PER_SECOND: decimal(0.01, 1_000).prefault('1'),
  CALL_WINDOW: callWindow.prefault('mon-sat 09:30-19:30'),
  MAX_CALL_RETRIES: integer(0, 20).prefault('3'),
  RETRY_DELAYS: retryDelays.prefault(
    'unanswered=30m,2h,6h rejected=4h,24h dispatch_failed=5m,30m,2h startup_failed=2m,10m,1h stale_timeout=30m,2h no_answers=4h,24h',
  ),
  RETRY_JITTER: decimal(0, 1).prefault('0.1'),
  /** What was put back without a better time comes up again after this. */
  PUT_BACK_SECONDS: integer(1, 3_600).prefault('30'),
  /** Between two probes while LiveKit or the trunk refuses: at first, doubling up to. */
  BREAKER_FIRST_SECONDS: integer(1, 600).prefault('5'),
  BREAKER_LONGEST_SECONDS: integer(1, 3_600).prefault('60'),
  MAX_LEAD_AGE_DAYS: integer(1, 365).prefault('7'),
  /** After a talk that brought answers its number is not rung by itself for so long; 0: never paused. */
  CONTACT_PAUSE_HOURS: decimal(0, 8_760).prefault('24'),
  /** As the call-tracker's: for so long agents' reports may go unheard before nobody new is rung. */
  REPORT_GRACE_SECONDS: decimal(1, 3_600).prefault('90'),
  OPS_KEY: z.string().min(16, 'must have at least 16 characters'),
});

/** @throws ConfigError with all problems at once */
export function readDispatcherConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}
