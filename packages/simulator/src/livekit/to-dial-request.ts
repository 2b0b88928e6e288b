import { z } from 'zod';
import type { DialRequest, Trunk } from './bridge.ts';
import { TwirpError } from './twirp.ts';

const seconds = z
  .string()
  .regex(/^\d+(\.\d+)?s$/)
  .transform((text) => Number(text.slice(0, -1)) * 1_000);

/** The body of CreateSIPParticipant, as the SDK sends it: without defaults. */
export const dialBody = z.object({
  sipTrunkId: z.string().default(''),
  trunk: z
    .object({
      hostname: z.string().default(''),
      transport: z.string().default('SIP_TRANSPORT_AUTO'),
      authUsername: z.string().default(''),
    })
    .optional(),
  sipCallTo: z.string().default(''),
  sipNumber: z.string().default(''),
  roomName: z.string().default(''),
  participantIdentity: z.string().default(''),
  participantAttributes: z.record(z.string(), z.string()).default({}),
  displayName: z.string().default(''),
  headers: z.record(z.string(), z.string()).default({}),
  hidePhoneNumber: z.boolean().default(false),
  ringingTimeout: seconds.optional(),
  maxCallDuration: seconds.optional(),
  waitUntilAnswered: z.boolean().default(false),
});
export type DialBody = z.output<typeof dialBody>;

const trunkNumber = '+911140000000';
const trunkHost = '127.0.0.1:5080';
const longestName = 256;
const longestDisplayName = 128;

/**
 * Translates a body into a dial for the bridge.
 * @throws TwirpError in a real server's order and words
 */
export function toDialRequest(body: DialBody, trunkIds: readonly string[]): DialRequest {
  refuseBadArguments(body);
  const trunk = toTrunk(body, trunkIds);
  const identity = body.participantIdentity === '' ? 'sip-participant' : body.participantIdentity;
  refuseLongName('participant identity', identity);
  refuseLongName('room name', body.roomName);
  return {
    trunk,
    number: body.sipCallTo,
    callerId: body.sipNumber === '' ? trunkNumber : body.sipNumber,
    room: body.roomName,
    identity,
    attributes: body.participantAttributes,
    hidePhoneNumber: body.hidePhoneNumber,
    ringingTimeoutMs: body.ringingTimeout,
    maxCallDurationMs: body.maxCallDuration,
    waitUntilAnswered: body.waitUntilAnswered,
  };
}

/** Accepts letters, spaces and dashes in a number, as a real server does, and dials it as it is. */
function refuseBadArguments(body: DialBody): void {
  const refuse = (text: string): never => {
    throw new TwirpError('invalid_argument', text);
  };
  if (body.sipTrunkId === '' && body.trunk === undefined && body.sipNumber === '') {
    refuse('missing sip trunk id and sip number');
  }
  if (body.sipCallTo === '') refuse('missing sip callee number');
  if (/@|^sips?:/.test(body.sipCallTo)) {
    refuse('SipCallTo should be a phone number or SIP user, not a full SIP URI');
  }
  if (body.roomName === '') refuse('missing room name');
  if (body.displayName.length > longestDisplayName) {
    refuse(`DisplayName too long (max ${longestDisplayName} characters)`);
  }
  for (const name of Object.keys(body.headers)) {
    const bad = /[^\w!#$%&'*+.^`|~-]/u.exec(name)?.[0];
    if (bad === undefined) continue;
    const why = `header name ${name} contains invalid characters: char ${bad.codePointAt(0)} not allowed`;
    refuse(`invalid header name: ${why}`);
  }
  if (/^sips?:/.test(body.trunk?.hostname ?? '')) refuse('trunk hostname should be a hostname or IP, not SIP URI');
}

function toTrunk(body: DialBody, trunkIds: readonly string[]): Trunk {
  if (body.sipTrunkId !== '') {
    if (!trunkIds.includes(body.sipTrunkId)) throw new TwirpError('not_found', 'requested sip trunk does not exist');
    return { id: body.sipTrunkId, hostname: trunkHost, transport: 'UDP', hasLogin: false };
  }
  if (body.trunk === undefined || body.trunk.hostname === '') {
    throw new TwirpError('invalid_argument', 'twirp error unknown: invalid request URI: address must be set');
  }
  if (body.sipNumber === '') {
    throw new TwirpError('failed_precondition', 'twirp error unknown: no numbers on outbound trunk');
  }
  return {
    id: '',
    hostname: body.trunk.hostname,
    transport: body.trunk.transport === 'SIP_TRANSPORT_TCP' ? 'TCP' : 'UDP',
    hasLogin: body.trunk.authUsername !== '',
  };
}

function refuseLongName(what: string, name: string): void {
  if (Buffer.byteLength(name) <= longestName) return;
  const text = `${what} length exceeds limits: max length ${longestName}`;
  throw new TwirpError('internal', `twirp error unknown: update room failed: ${text}`);
}
