import { agentModes } from '@leadline/contracts/qualification';
import { normalisePhone } from '@leadline/contracts/phone-number';
import { failureReasons, type FailureReason } from '@leadline/contracts/failure-reason';
import { decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import {
  commonSettings,
  liveKitSettings,
  maxLeadAgeDays,
  retentionDays,
  sharedAgentSettings,
  sharedCallSettings,
} from '@leadline/service-kit/shared-settings';
import { dispositions } from '@leadline/contracts/disposition';
import { dialTokenSeconds } from '@leadline/telephony/livekit';
import { parseTrunkPhrases } from '@leadline/telephony/trunk-phrases';
import { z } from 'zod';
import { parseCallWindow } from './call-window.ts';
import type { Policy } from './deps.ts';

export type Config = z.output<typeof settings>;

/** A setting with its own notation. The message of what `parse` throws becomes the error text. */
const parsed = <T>(parse: (text: string) => T) =>
  z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
const callWindow = parsed(parseCallWindow);
const trunkPhrases = parsed(parseTrunkPhrases);
const closingDispositions = parsed((text) =>
  text
    .split(/[\s,]+/)
    .filter((word) => word !== '' && word !== 'none')
    .map((word) => {
      const known = dispositions.safeParse(word);
      if (!known.success) throw new Error(`has "${word}"; name some of ${dispositions.options.join(', ')}, or none`);
      return known.data;
    }),
);

const testNumbers = parsed((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry, n) => {
      const read = normalisePhone(entry);
      // The entry is a person's number, so the message does not repeat it.
      if (!read.ok || !entry.startsWith('+91'))
        throw new Error(`has an entry that is no Indian mobile number (entry ${n + 1}); write it as +919876543210`);
      return read.phone;
    }),
);

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

export const settings = z.object({
  ...commonSettings,
  RETENTION_DAYS: retentionDays,
  ...liveKitSettings,
  SIP_TRUNK_ID: z
    .string()
    .meta({ goal: 'calls', description: "LiveKit's outbound SIP trunk.", example: 'ST_7hRk2mQ9xLpV' }),
  CALLER_ID: z.string().optional().meta({
    goal: 'calls',
    description: 'The number that the called person sees. Without it the trunk shows its own.',
    example: '+918047100000',
  }),
  TRUNK_PHRASES: trunkPhrases.prefault('').meta({
    goal: 'calls',
    description:
      'What the trunk means by its own words on a refused call: `words=meaning`, separated by `;`, the first that fits counts. The words may begin with the SIP code. `person`: what the code says of the person; so without an entry. `switched_off`: the phone was not reached and did not ring. `no_channel`: the trunk was full. `account`: the provider refuses your account. After the last two the attempt is not spent, and dialling pauses.',
    example: '480 subscriber absent=switched_off; no channel=no_channel; D3=account',
  }),
  ...sharedAgentSettings,
  AGENT_MODE: agentModes.default('sarvam').meta({
    goal: 'calls',
    description: 'The mode in which the agent works. It decides what the agent asks and reports.',
    example: 'openai_realtime',
  }),
  // LiveKit gives a waiting dial 80 s in all, joining included; a RING_SECONDS of 0 would mean no limit at all.
  ...sharedCallSettings,
  TEST_NUMBERS: testNumbers.prefault('').meta({
    goal: 'people',
    description:
      'The numbers that `leadline test-call` may ring, as `+91` and ten digits, separated by commas: phones of your own. Empty: test calls are refused.',
    example: '+919876543210,+919812345678',
  }),
  MAX_CONCURRENT_CALLS: integer(1, 10_000)
    .prefault('10')
    .meta({ goal: 'people', description: 'The most calls at one time, over all replicas.', example: '40' }),
  CALLS_PER_SECOND: decimal(0.01, 1_000)
    .prefault('1')
    .meta({ goal: 'people', description: 'How many calls begin in a second, over all replicas.', example: '0.5' }),
  CALL_WINDOW: callWindow.prefault('mon-sat 09:30-19:30').meta({
    goal: 'people',
    description:
      'The days and hours, by Indian time, in which phones may ring; never outside of 09:00-21:00. Days are `daily`, a span or a list. `simulated` means always and works only against the simulator.',
    example: 'mon,wed,fri 10:00-18:00',
  }),
  MAX_CALL_RETRIES: integer(0, 20)
    .prefault('3')
    .meta({ goal: 'people', description: 'The attempts after the first one.', example: '2' }),
  RETRY_DELAYS: retryDelays
    .prefault(
      'unanswered=30m,2h,6h rejected=4h,24h dispatch_failed=5m,30m,2h startup_failed=2m,10m,1h stale_timeout=30m,2h no_answers=4h,24h',
    )
    .meta({
      goal: 'people',
      description:
        'How long after a failed call the next attempt is made, for each reason of the failure: after the first, the second, … failure; the last delay repeats. Name all six reasons.',
      example: 'unanswered=1h,3h rejected=24h dispatch_failed=5m startup_failed=5m stale_timeout=1h no_answers=6h,24h',
    }),
  CLOSING_DISPOSITIONS: closingDispositions.prefault('wrong_number not_interested bought_elsewhere').meta({
    goal: 'people',
    description:
      'What an agent may say of a talk so that its lead is not called any more, even without answers. `none`: each such lead is retried.',
    example: 'wrong_number',
  }),
  RETRY_JITTER: decimal(0, 1).prefault('0.1').meta({
    goal: 'people',
    description: 'How far retries are spread: 0.1 makes a delay up to a tenth longer.',
    example: '0.2',
  }),
  PUT_BACK_SECONDS: integer(1, 3_600).prefault('30').meta({
    goal: 'people',
    description: 'How long after a dial that was proved not to be made the lead comes up again.',
    example: '60',
  }),
  BREAKER_FIRST_SECONDS: integer(1, 600).prefault('5').meta({
    goal: 'calls',
    description: 'While LiveKit or the trunk refuses calls, the pause before the first probe. It doubles each time.',
    example: '10',
  }),
  BREAKER_LONGEST_SECONDS: integer(1, 3_600)
    .prefault('60')
    .meta({ goal: 'calls', description: 'The longest pause between two such probes.', example: '300' }),
  MAX_LEAD_AGE_DAYS: maxLeadAgeDays,
  CONTACT_PAUSE_HOURS: decimal(0, 8_760).prefault('24').meta({
    goal: 'people',
    description:
      'How long a number is not called for any of its leads after a talk that brought answers. 0: it is never paused.',
    example: '48',
  }),
  MAX_CALLBACKS: integer(0, 20).prefault('3').meta({
    goal: 'people',
    description: 'How often one lead is called back at a time that its buyer asked for. These calls spend no attempt.',
    example: '2',
  }),
  CALLBACK_TOLERANCE_SECONDS: decimal(1, 3_600).prefault('300').meta({
    goal: 'people',
    description: 'How long after the promised time a callback still counts as kept.',
    example: '120',
  }),
  OPS_KEY: z.string().min(16, 'must have at least 16 characters').meta({
    goal: 'people',
    description: 'The key of the stop switch over HTTP; 16 characters or more.',
    example: 'a-key-of-the-operators',
  }),
});

/** @throws ConfigError with all problems at once */
export function readDispatcherConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}

/** The settings as the rules about dials take them. */
export function toPolicy(config: Config): Policy {
  return {
    window: config.CALL_WINDOW,
    testNumbers: config.TEST_NUMBERS,
    maxConcurrentCalls: config.MAX_CONCURRENT_CALLS,
    maxLeadAgeDays: config.MAX_LEAD_AGE_DAYS,
    contactPauseMs: config.CONTACT_PAUSE_HOURS * 3_600_000,
    promiseToleranceMs: config.CALLBACK_TOLERANCE_SECONDS * 1_000,
    maxPromises: config.MAX_CALLBACKS,
    ringSeconds: config.RING_SECONDS,
    latestInviteMs: (dialTokenSeconds + config.LIVEKIT_LEEWAY_SECONDS) * 1_000,
    delaysMs: config.RETRY_DELAYS,
    jitter: config.RETRY_JITTER,
    putBackDelayMs: config.PUT_BACK_SECONDS * 1_000,
    breaker: {
      firstDelayMs: config.BREAKER_FIRST_SECONDS * 1_000,
      longestDelayMs: config.BREAKER_LONGEST_SECONDS * 1_000,
    },
    maxRetries: config.MAX_CALL_RETRIES,
    closingDispositions: config.CLOSING_DISPOSITIONS,
    agentMode: config.AGENT_MODE,
    agentWaitMs: config.AGENT_WAIT_SECONDS * 1_000,
    maxCallSeconds: config.MAX_CALL_SECONDS,
    trunkId: config.SIP_TRUNK_ID,
    callerId: config.CALLER_ID,
    trunkPhrases: config.TRUNK_PHRASES,
    paceMs: 1_000 / config.CALLS_PER_SECOND,
  };
}

/** The settings that `health` shows: those the call-tracker must share, and those that decide who is called when. */
export function toShown(config: Config): Record<string, string | number> {
  return {
    RING_SECONDS: config.RING_SECONDS,
    MAX_CALL_SECONDS: config.MAX_CALL_SECONDS,
    LIVEKIT_LEEWAY_SECONDS: config.LIVEKIT_LEEWAY_SECONDS,
    LIVEKIT_URL: config.LIVEKIT_URL,
    SIP_TRUNK_ID: config.SIP_TRUNK_ID,
    REPORT_GRACE_SECONDS: config.REPORT_GRACE_SECONDS,
    MAX_CONCURRENT_CALLS: config.MAX_CONCURRENT_CALLS,
    CALLS_PER_SECOND: config.CALLS_PER_SECOND,
    MAX_CALL_RETRIES: config.MAX_CALL_RETRIES,
    MAX_LEAD_AGE_DAYS: config.MAX_LEAD_AGE_DAYS,
    AGENT_NAME: config.AGENT_NAME,
    AGENT_MODE: config.AGENT_MODE,
  };
}
