import { reportedAnswers } from '@leadline/contracts/qualification';
import { z } from 'zod';

/** What the voice agent does in a call. Delays in ms, divided by the time factor like all times here. */
const agentBehaviour = z.object({
  /**
   * `absent`: it never joins. `dies`: its process is killed in the middle of a talk. `drops`: its line is cut for a second, so
   * that it rejoins, and the server ends its job 17 s later. `loses_job`: as after an outage of Redis, the server takes its job
   * for ended, and it goes 15 s later.
   */
  does: z.enum(['talks', 'absent', 'dies', 'drops', 'loses_job']).default('talks'),
  /** The same of an agent that is sent to take over its call. */
  takeover: z.enum(['talks', 'absent', 'dies']).default('talks'),
  mode: z.enum(['sarvam', 'openai_realtime']).optional(),
  /** One entry for each report. `afterMs` counts from the answer; `timeMs` shifts the time that the report states. */
  reports: z
    .array(
      z.object({
        answers: reportedAnswers,
        afterMs: z.number().default(0),
        timeShiftMs: z.number().default(0),
        /** Sends them unchanged, even if they break the contract. */
        malformed: z.boolean().default(false),
      }),
    )
    .optional(),
  /** The delay between the leg's end and the agent's last report; undefined: none. */
  endedAfterMs: z.number().default(0),
  /** How long the agent stays in the room after that. */
  staysMs: z.number().default(0),
  /** Sends no last report. */
  silentEnd: z.boolean().default(false),
  doNotCall: z.boolean().default(false),
  callbackAt: z.string().nullable().default(null),
  /** Reports of who took the call; `afterMs` counts from the answer. A voicemail is left a message, one for each lead. */
  answeredBy: z.array(z.object({ category: z.string(), afterMs: z.number().default(0) })).default([]),
  disposition: z.string().nullable().default(null),
  language: z.string().nullable().default(null),
  /** The person asks to be called back so long after; in the call that keeps it they have time, and say what is usual. */
  callback: z
    .object({ inMs: z.number().default(20_000), keptBy: z.enum(['agent', 'person']).default('agent') })
    .nullable()
    .default(null),
});
export type AgentBehaviour = z.infer<typeof agentBehaviour>;

/** What the called person, or the network in between, does with one INVITE. */
export const outcome = z.object({
  callee: z.enum(['answers', 'refuses', 'rings', 'silent', 'unreachable', 'wants_login']).default('answers'),
  /** For `refuses`: the final SIP code, with the callee's own phrase if it is unusual. */
  sipCode: z.int().optional(),
  sipPhrase: z.string().optional(),
  /** Sends no 180 before the final answer. */
  skipsRinging: z.boolean().default(false),
  ringMs: z.number().optional(),
  /** How long until the callee hangs up; null: never, they wait for our BYE. */
  talkMs: z.number().nullable().optional(),
  /** The callee answers, but no audio ever comes. */
  noRtp: z.boolean().default(false),
  /** The callee vanishes without a BYE this long after the answer. */
  vanishesMs: z.number().optional(),
  agent: agentBehaviour.prefault({}),
});
export type Outcome = z.infer<typeof outcome>;

/** The outcome by the number's last three digits, for numbers without a script. */
export function toOutcome(number: string): Outcome {
  const digits = Number(number.slice(-3));
  const of = (given: z.input<typeof outcome>): Outcome => outcome.parse(given);
  switch (digits) {
    case 486:
    case 603:
    case 480:
    case 408:
    case 404:
    case 503:
      return of({ callee: 'refuses', sipCode: digits, ringMs: 300 });
    case 180:
      return of({ callee: 'rings' });
    case 211:
      return of({ agent: { reports: [], answeredBy: [{ category: 'voicemail', afterMs: 300 }] } });
    case 212:
      return of({ agent: { reports: [], answeredBy: [{ category: 'ivr', afterMs: 300 }] } });
    case 213:
      return of({
        agent: {
          answeredBy: [{ category: 'screener' }, { category: 'human', afterMs: 400 }],
          disposition: 'interested',
        },
      });
    case 214:
      return of({ talkMs: 800, agent: { reports: [], answeredBy: [{ category: 'machine-unavailable' }] } });
    case 216:
      return of({ agent: { reports: [], disposition: 'wrong_number' } });
    case 217:
      return of({ agent: { reports: [{ answers: { budget: 'not mentioned' } }], disposition: 'Not interested' } });
    case 218:
      return of({ agent: { reports: [], disposition: 'language_barrier', language: 'Tamil' } });
    case 219:
      return of({ agent: { disposition: 'bought_elsewhere' } });
    case 201:
      return of({ talkMs: 300, agent: { reports: [] } });
    case 204:
      return of({ agent: { reports: [{ answers: { location: null, budget: '' } }] } });
    case 222:
      return of({ agent: { does: 'absent' } });
    case 233:
      return of({ talkMs: null, agent: { does: 'dies', takeover: 'absent', reports: [] } });
    case 234:
      return of({ talkMs: 14_000, agent: { does: 'dies' } });
    case 235:
      return of({ talkMs: 14_000, agent: { does: 'drops' } });
    case 236:
      return of({ talkMs: 14_000, agent: { does: 'loses_job' } });
    case 244:
      return of({ agent: { reports: [], doNotCall: true } });
    case 255:
      return of({
        agent: {
          reports: [
            { answers: fullerAnswers, timeShiftMs: 0 },
            { answers: { location: 'Pune' }, timeShiftMs: -2_000, afterMs: 200 },
          ],
        },
      });
    case 266:
      return of({ agent: { reports: [], callback: {} } });
    case 277:
      return of({ agent: { callback: {} } });
    case 288:
      return of({ agent: { reports: [], callback: { keptBy: 'person' } } });
    case 299:
      return of({ agent: { reports: [], callback: {}, doNotCall: true } });
    default:
      return of({});
  }
}

/** openai_realtime if the fourth last digit is odd, whatever mode the job's metadata names. */
export function modeOf(number: string): 'sarvam' | 'openai_realtime' {
  return Number(number.at(-4)) % 2 === 1 ? 'openai_realtime' : 'sarvam';
}

const fullerAnswers = {
  machine_interest: 'paper cup machine',
  location: 'Pune, Maharashtra',
  budget: '8 lakh',
  units_per_day: '5000',
  seriousness: 'high',
};

/** The answers of a person who has time. */
export function usualAnswers(mode: 'sarvam' | 'openai_realtime'): Record<string, string> {
  return mode === 'sarvam'
    ? fullerAnswers
    : { product_interest: 'forklift service', location: 'Nashik', budget: '40,000 a year' };
}
