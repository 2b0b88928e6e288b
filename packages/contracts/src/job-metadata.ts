import { z } from 'zod';
import { callbackAskers, callbackPrecisions } from './events/agent-callback-requested.ts';
import { maxLanguageCharacters } from './disposition.ts';
import { answersSchema, modeName } from './mode.ts';

/** LiveKit accepts 512 KiB of metadata, and an agent's prompt much less. */
export const maxProducts = 20;
export const maxProductCharacters = 200;
export const maxNameCharacters = 200;

/** When we may call people on one day, as instants with the zone's offset. */
const opening = z.object({ from: z.iso.datetime({ offset: true }), to: z.iso.datetime({ offset: true }) });

/** The promise that this call keeps. */
const promised = z.object({
  /** The time in the buyer's own words. */
  words: z.string().max(300).nullable(),
  at: z.iso.datetime({ offset: true }),
  precision: callbackPrecisions,
  confirmed: z.boolean(),
  askedBy: callbackAskers,
  /** What the lead's earlier calls learnt: nobody is asked twice. */
  learnt: z.record(z.string(), z.string()),
});

/** This agent takes over a call whose agent was lost: the person is on the line and waits. */
const takenOver = z.object({
  /** 1 for the second agent of the call. */
  number: z.int().positive(),
  /** How long the person has heard nobody, as this job was made. */
  secondsAlone: z.number().nonnegative(),
  /** How long the talk has lasted by then; null where nobody knows when it was answered. */
  secondsTalked: z.number().nonnegative().nullable(),
  /** What the agents before have reported: nothing is asked twice. */
  learnt: z.record(z.string(), z.string()),
});

/** The voice agent's job, as JSON text in `ctx.job.metadata`. No secrets: anyone with the room admin grant sees it. */
export const jobMetadata = z.object({
  version: z.literal(1),
  room: z.string(),
  callId: z.int(),
  leadId: z.int(),
  attempt: z.int().positive(),
  mode: modeName,
  /** The version of the mode’s questions. Older dispatchers do not send it. */
  modeVersion: z.string().max(40).optional(),
  /** The JSON Schema of the answers that this mode may learn: a model’s tool takes it as its parameters. */
  answers: answersSchema.optional(),
  name: z.string().max(maxNameCharacters),
  phone: z.string(),
  /** The lead's own product first, then the newest of its other enquiries. */
  products: z.array(z.string().max(maxProductCharacters)).max(maxProducts),
  /** When the job was made, with the zone's offset: the agent's clock for "in half an hour". Older dispatchers do not send it. */
  now: z.iso.datetime({ offset: true }).optional(),
  /** The IANA name of the buyer's zone. */
  zone: z.string().optional(),
  /** When we may call people in the next three days. An agent promises no other time. */
  openings: z.array(opening).max(4).optional(),
  /** Present if the buyer asked for this very call. */
  callback: promised.optional(),
  /** Present if the talk goes on already: say sorry, do not greet anew, and go on from what was learnt. */
  takeover: takenOver.optional(),
  /** The language that the person asked for in an earlier attempt, by its name or tag. */
  language: z.string().max(maxLanguageCharacters).optional(),
  /** An earlier attempt has left a message with a machine: leave no second one. */
  messageLeft: z.boolean().optional(),
  /** This attempt's W3C trace context, if we trace it. An agent with OpenTelemetry can continue it. */
  traceparent: z.string().optional(),
});
export type JobMetadata = z.infer<typeof jobMetadata>;
