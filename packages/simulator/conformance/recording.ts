import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Reads one of the trimmed recordings of a real LiveKit; `../README.md` says how we made them. */
function read(scenario: string): unknown {
  return JSON.parse(readFileSync(new URL(`../recordings/${scenario}.json`, import.meta.url), 'utf8'), (key, value) =>
    value === '<ten codecs>' ? tenCodecs(key) : value,
  );
}

/** The copies leave this out: it is the same in every room, and half of the text. */
function tenCodecs(key: string): Record<string, string>[] {
  const audio = ['audio/PCMU', 'audio/PCMA', 'audio/opus', 'audio/red'];
  const video = ['video/VP8', 'video/H264', 'video/VP9', 'video/AV1', 'video/H265', 'video/rtx'];
  return [...audio, ...video].map((mime) => (key === 'enabled_codecs' ? { mime, fmtp_line: '' } : { mime }));
}

const twirpCall = z.object({ path: z.string(), body: z.unknown() });
export type TwirpCall = z.infer<typeof twirpCall>;

/** What the SDK threw, as the fields that a caller can read. */
const sdkError = z.object({
  class: z.string(),
  name: z.string(),
  message: z.string().optional(),
  code: z.union([z.string(), z.number()]).optional(),
  status: z.number().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  sipStatusCode: z.number().optional(),
  sipStatus: z.string().optional(),
});
export type SdkError = z.infer<typeof sdkError>;

const attributes = z.record(z.string(), z.string());
const webhook = z.looseObject({
  atMs: z.number(),
  event: z.string(),
  participant: z.looseObject({ identity: z.string(), attributes: attributes.optional() }).optional(),
});

const dialRecording = z.object({
  scenario: z.string(),
  given: z.object({ what: z.string(), calleeDoes: z.string().optional() }),
  before: z.array(twirpCall).default([]),
  request: z.object({
    sipTrunkId: z.string().default(''),
    trunk: z.record(z.string(), z.string()).optional(),
    sipCallTo: z.string(),
    sipNumber: z.string().optional(),
    roomName: z.string(),
    participantIdentity: z.string(),
    participantAttributes: attributes.optional(),
    ringingTimeout: z.string().optional(),
    maxCallDuration: z.string().optional(),
    waitUntilAnswered: z.boolean().default(false),
  }),
  clientTimeoutSeconds: z.number().optional(),
  abortAfterMs: z.number().optional(),
  response: z.record(z.string(), z.string()).optional(),
  error: sdkError.optional(),
  settledAfterMs: z.number().default(0),
  otherCalls: z
    .array(twirpCall.extend({ atMs: z.number(), httpStatus: z.number(), response: z.unknown() }))
    .default([]),
  webhooks: z.array(webhook),
  sip: z.object({
    invites: z.number(),
    provisional: z.number(),
    finalCode: z.number().nullable(),
    cancels: z.number(),
    byes: z.number(),
  }),
  /** The leg in ListParticipants, once for each change that we saw; quick changes were missed. */
  participants: z.array(z.object({ status: z.string(), attributes, whole: z.unknown().optional() })),
});
export type DialRecording = z.output<typeof dialRecording>;
export function readDial(scenario: string): DialRecording {
  return dialRecording.parse(read(scenario));
}

const apiRecording = z.object({
  cases: z.array(
    z.object({
      what: z.string(),
      /** Without a path: the SDK refused before it sent anything. */
      request: z.object({ path: z.string().optional(), body: z.unknown().optional() }),
      httpStatus: z.number().optional(),
      contentType: z.string().optional(),
      body: z.unknown().optional(),
      sdk: sdkError.optional(),
    }),
  ),
  /** Event and room. */
  webhooks: z.array(z.string()).default([]),
});
export type ApiCase = z.output<typeof apiRecording>['cases'][number];
export function readApiCases(scenario: string): z.output<typeof apiRecording> {
  return apiRecording.parse(read(scenario));
}

const codesRecording = z.object({
  rows: z.array(
    z.object({
      calleeAnswers: z.number(),
      httpStatus: z.number(),
      twirp: z.object({ code: z.string(), msg: z.string(), meta: z.record(z.string(), z.string()) }),
      sdk: sdkError,
      webhook: z.object({ disconnectReason: z.string(), callStatus: z.string() }),
    }),
  ),
});
export function readSipCodes(): z.output<typeof codesRecording>['rows'] {
  return codesRecording.parse(read('sip-codes-table')).rows;
}

const redialRecording = z.object({
  request: dialRecording.shape.request,
  first: sdkError,
  second: sdkError,
  webhooks: z.array(z.record(z.string(), z.unknown())),
});
export function readRedial(): z.output<typeof redialRecording> {
  return redialRecording.parse(read('redial-same-room'));
}

const twoDials = z.object({
  first: dialRecording.pick({ request: true, response: true, error: true }),
  second: dialRecording.pick({ request: true, response: true, error: true }),
  webhooks: z.array(webhook),
  sip: dialRecording.shape.sip,
});
export function readTwoDials(scenario: string): z.output<typeof twoDials> {
  return twoDials.parse(read(scenario));
}

const deliveryRecording = z.object({
  results: z.array(
    z.object({
      receiverAnswers: z.union([z.number(), z.string()]),
      deliveries: z.array(z.object({ atMs: z.number(), event: z.string(), id: z.string() })),
      headers: z.record(z.string(), z.string()).optional(),
      jwtClaims: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});
export function readDeliveries(): z.output<typeof deliveryRecording>['results'] {
  return deliveryRecording.parse(read('webhook-delivery')).results;
}

/** The names of all recordings. */
export function readIndex(): string[] {
  return z.array(z.string()).parse(read('index'));
}
