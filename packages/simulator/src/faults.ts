import { createHash } from 'node:crypto';
import { z } from 'zod';
import { oddAnswer } from './odd-answers.ts';

/** The share of cases that a fault hits: true, false, or a number from 0 to 1. */
const sometimes = z
  .union([z.boolean().transform(Number), z.object({ share: z.number().min(0).max(1) }).transform(({ share }) => share)])
  .prefault(false);
const share = z.number().min(0).max(1).default(1);

/** All faults, with their defaults. LiveKit's times are in ms, divided by the time factor. */
export const faults = z.object({
  /** Selects the dials, legs and webhooks that a share hits: the same seed and rooms give the same selection. */
  seed: z.int().default(0),
  /** No SIP bridge: a dial answers 503 after a second, and nothing is dialled. */
  noBridge: z.boolean().default(false),
  /** The trunk does not exist: 404. */
  noTrunk: z.boolean().default(false),
  /** No Redis: every API call answers 500. */
  noRedis: z.boolean().default(false),
  /** Accepts every request, does its work, and never answers. */
  hang: z.boolean().default(false),
  /** Accepts a dial, does it, and cuts the connection instead of answering. */
  dropAfterDial: sometimes,
  /** Accepts a dial and cuts the connection before doing anything. */
  resetAfterAccept: sometimes,
  /** Delays the answer to a dial this long after its outcome. */
  answerLate: z.object({ ms: z.number(), share }).optional(),
  /** Answers dials with this status; with `rings` the phone rings all the same. 502 and 504 come as a proxy's HTML. */
  refuseDials: z
    .object({ status: z.literal([403, 408, 412, 429, 500, 502, 503, 504]), rings: z.boolean().default(false), share })
    .optional(),
  /** deleteRoom and removeParticipant answer with this status and end nothing. */
  stopsDoNothing: z.object({ status: z.literal([200, 404]).default(200), share }).optional(),
  /** A leg that ends stays listed, sends no webhook and can't be removed. */
  ghostLegs: sometimes,
  /**
   * Kills the bridge when it is set: nobody cancels its phones, which ring until the provider's limit, and the server
   * notices after 20.3 s. While it is set, dials find no bridge.
   */
  killBridge: z.object({ providerRingMs: z.number().default(180_000) }).optional(),
  /** Kills the server when it is set. It comes back after `downMs`; the bridge rejoins its rooms that much later. */
  restartServer: z.object({ downMs: z.number().default(3_000), rejoinMs: z.number().default(1_200) }).optional(),
  /**
   * Makes the server forget its rooms when it is set; their calls continue. While it is set, the trunk is missing too.
   */
  loseRedis: z.boolean().default(false),
  /**
   * Redis was away and is back when it is set: dials that waited get no answer, and the bridge joins each of its rooms anew. Its
   * legs leave and join within one of the webhooks’ seconds, as DUPLICATE_IDENTITY.
   */
  replaceLegs: z.boolean().default(false),
  /** The agents' worker, at each dispatch. */
  worker: z
    .object({
      /** It takes no job: LiveKit sends it nothing, and nothing again once it has room. */
      full: sometimes,
      /** From the job to its agent in the room. */
      comesAfterMs: z.number().default(100),
      /** A worker without a name runs too. Its agent comes where a room is made without agents, and at each CreateDispatch. */
      unnamed: z.boolean().default(false),
    })
    .prefault({}),
  webhooks: z
    .object({
      drop: sometimes,
      double: sometimes,
      delayMs: z.number().optional(),
      /** Delays each event by up to this long, independent of the events before it in its room. */
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
      /** Answers 200 with a body that reports a failure. */
      falseSuccess: z.boolean().optional(),
      /** Refuses tasks for good. */
      refuseTasks: z.boolean().optional(),
      /** Unusual answers to find_customer, create_customer, find_task and create_task. */
      answers: z.array(oddAnswer).default([]),
      /** Refuses an existing customer with 409. */
      uniqueMobiles: z.boolean().optional(),
      /** Searches find a customer only this long after its creation, as with a lagging index. */
      searchLagMs: z.number().optional(),
    })
    .prefault({}),
  /** Unusual answers of LiveKit's API, by method: CreateRoom, ListParticipants, CreateSIPParticipant … */
  answers: z.array(oddAnswer).default([]),
});
/** Faults in the form that the control API receives. */
export type Faults = z.input<typeof faults>;
/** Faults in the form that the simulator keeps. */
export type HeldFaults = z.output<typeof faults>;

/**
 * A number from 0 to below 1 that looks random, but is the same for the same seed, fault and subject, in whatever order
 * they come. The fault hits the subject if this is below its share.
 */
export function chance(seed: number, fault: string, subject: string): number {
  return createHash('sha256').update(`${seed} ${fault} ${subject}`).digest().readUInt32BE() / 2 ** 32;
}
