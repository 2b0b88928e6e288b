import { createHash } from 'node:crypto';
import { z } from 'zod';
import { oddAnswer } from './odd-answers.ts';

/** All, none, or a share of what a fault could befall: a number from 0 to 1. */
const sometimes = z
  .union([z.boolean().transform(Number), z.object({ share: z.number().min(0).max(1) }).transform(({ share }) => share)])
  .prefault(false);
const share = z.number().min(0).max(1).default(1);

/** Faults, until they are set otherwise. LiveKit's times are in ms, divided by the time factor. */
export const faults = z.object({
  /** Decides which dials, legs and webhooks a share befalls: the same ones for the same seed and the same rooms. */
  seed: z.int().default(0),
  /** No SIP bridge: a dial is 503 after a second, and nothing is dialled. */
  noBridge: z.boolean().default(false),
  /** The trunk is not there: 404. */
  noTrunk: z.boolean().default(false),
  /** No Redis: every call of the API is 500. */
  noRedis: z.boolean().default(false),
  /** Every request is accepted and never answered; the work is done all the same. */
  hang: z.boolean().default(false),
  /** Takes a dial, does it, and cuts the connection instead of answering. */
  dropAfterDial: sometimes,
  /** Takes a dial and cuts the connection before anything is done. */
  resetAfterAccept: sometimes,
  /** The answer to a dial comes so much later than its outcome. */
  answerLate: z.object({ ms: z.number(), share }).optional(),
  /** A dial is answered with this status; with `rings` the phone rings all the same. A 502 and a 504 are a proxy's, in HTML. */
  refuseDials: z
    .object({ status: z.literal([403, 408, 412, 429, 500, 502, 503, 504]), rings: z.boolean().default(false), share })
    .optional(),
  /** deleteRoom and removeParticipant answer this and end nothing. */
  stopsDoNothing: z.object({ status: z.literal([200, 404]).default(200), share }).optional(),
  /** A leg that ends stays listed, without a webhook, and can not be removed. */
  ghostLegs: sometimes,
  /**
   * When it is set the bridge is killed: nobody cancels its phones, which ring for the provider's limit, and the server
   * notices after 20.3 s. While it is set, a dial is as without a bridge.
   */
  killBridge: z.object({ providerRingMs: z.number().default(180_000) }).optional(),
  /** When it is set the server is killed and comes back after `downMs`; the bridge joins its rooms again that much later. */
  restartServer: z.object({ downMs: z.number().default(3_000), rejoinMs: z.number().default(1_200) }).optional(),
  /** When it is set the server forgets its rooms, whose calls go on; while it is set, the trunk is gone too. */
  loseRedis: z.boolean().default(false),
  webhooks: z
    .object({
      drop: sometimes,
      double: sometimes,
      delayMs: z.number().optional(),
      /** Each event waits up to so long by itself, whatever came before it in its room. */
      shuffleMs: z.number().optional(),
    })
    .prefault({}),
  crm: z
    .object({
      /** Answers everything with this status. */
      status: z.int().optional(),
      retryAfterSeconds: z.number().optional(),
      slowMs: z.number().optional(),
      /** Creates the task and cuts the connection. */
      dropAfterCreate: z.boolean().optional(),
      /** 200, and a body that says that it failed. */
      falseSuccess: z.boolean().optional(),
      /** Refuses tasks for good. */
      refuseTasks: z.boolean().optional(),
      /** Answers of another kind: to find_customer, create_customer, find_task, create_task. */
      answers: z.array(oddAnswer).default([]),
      /** A customer that is there already is refused with 409. */
      uniqueMobiles: z.boolean().optional(),
      /** A search knows a customer only so long after it was made, as an index that lags behind. */
      searchLagMs: z.number().optional(),
    })
    .prefault({}),
  /** Answers of another kind of LiveKit's API, by method: CreateDispatch, ListParticipants, CreateSIPParticipant … */
  answers: z.array(oddAnswer).default([]),
});
/** Faults as the control API receives them. */
export type Faults = z.input<typeof faults>;
/** Faults as the simulator keeps them. */
export type HeldFaults = z.output<typeof faults>;

/**
 * From 0 to below 1: chance, and yet the same for the same seed, fault and subject in whatever order they come.
 * A fault befalls a subject when this is below its share.
 */
export function chance(seed: number, fault: string, subject: string): number {
  return createHash('sha256').update(`${seed} ${fault} ${subject}`).digest().readUInt32BE() / 2 ** 32;
}
