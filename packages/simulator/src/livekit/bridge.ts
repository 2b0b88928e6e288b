import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Outcome } from './outcome.ts';
import type { DisconnectReason, Participant, Room } from './room.ts';
import type { Rooms } from './rooms.ts';
import { sid } from './sid.ts';
import { toRefusal } from './sip-status.ts';
import { TwirpError } from './twirp.ts';

/** The target of the bridge's INVITE: a trunk of the server, or one in the request (which has no id). */
export type Trunk = { id: string; hostname: string; transport: 'UDP' | 'TCP'; hasLogin: boolean };

export type DialRequest = {
  trunk: Trunk;
  number: string;
  callerId: string;
  room: string;
  identity: string;
  attributes: Record<string, string>;
  hidePhoneNumber: boolean;
  /** In ms, before the time factor; undefined if not given. */
  ringingTimeoutMs: number | undefined;
  maxCallDurationMs: number | undefined;
  waitUntilAnswered: boolean;
};

export type Dialled = { participantId: string; identity: string; room: string; sipCallId: string };

export type PhoneEvent = 'invite' | 'ringing' | 'answered' | 'refused' | 'cancelled' | 'hangup';

/** One call, as agents and users of the control API see it. */
export type Leg = { number: string; room: string; sipCallId: string; status: () => string; outcome: Outcome };

/** Delays of a real bridge in ms, from the recordings. */
const joinMs = 8;
const inviteMs = 10;
const publishMs = 30;
const respondMs = 20;
/**
 * How long the bridge waits without a first packet from the callee; also how long after the last packet its BYE stays
 * unanswered.
 */
const noRtpMs = 30_000;
const lostMs = 47_000;
/** The server limits a waiting dial to this. If nobody waits, the default ring is 3 minutes. */
const serverWaitMs = 80_000;
const defaultRingMs = 180_000;
/** SIP's timer B: no packet was answered. */
const timerBMs = 32_000;
/** The server notices a killed bridge after this. */
const bridgeMissedMs = 20_300;
/** How many challenges the bridge answers with a user name and password before it gives up. */
const loginInvites = 5;

/**
 * Simulates the SIP bridge: joins the room, sends one INVITE, and reports the outcome. A client that disconnects
 * changes nothing, and the bridge does not notice that two requests are equal.
 */
export function openBridge(options: {
  rooms: Rooms;
  timeFactor: number;
  usualRingMs: number;
  usualTalkMs: number;
  log: (line: { event: PhoneEvent; number: string; room: string; identity: string; sipCallId: string }) => void;
  /** Tells agents in the room that the phone leg changed. */
  changed: (leg: Leg) => void;
  /** Whether a leg that ends in this room stays as a ghost. */
  leavesGhost: (room: string) => boolean;
}) {
  const { rooms, timeFactor } = options;
  const legs = new Set<ReturnType<typeof openLeg>>();
  const closing = new AbortController();
  const scaled = (ms: number): number => ms / timeFactor;

  const timedOut = (): TwirpError => new TwirpError('canceled', 'twirp error unknown: sip request timed out');

  const dial = async (request: DialRequest, outcome: Outcome): Promise<Dialled> => {
    const call = openLeg(request, outcome);
    legs.add(call);
    await wait(scaled(joinMs));
    const room = rooms.ensure(request.room);
    const ended = Promise.withResolvers<TwirpError | 'answered'>();
    const participant = rooms.join(room, {
      identity: request.identity,
      kind: 'SIP',
      attributes: call.attributes,
      attributesToRejoin: () => ({ ...call.attributes, ...call.answeredWith() }),
      removed: () => call.stop(),
    });
    rooms.update(room, participant, {});
    call.run(room, participant, ended.resolve);
    const dialled: Dialled = {
      participantId: participant.sid,
      identity: request.identity,
      room: request.room,
      sipCallId: call.sipCallId,
    };
    if (!request.waitUntilAnswered) {
      await wait(scaled(respondMs));
      return dialled;
    }
    const verdict = await ended.promise;
    if (verdict === 'answered') return dialled;
    throw verdict;
  };

  return {
    dial,
    /** Ends the bridge's process; its phones ring on by themselves. */
    kill: (providerRingMs: number): void => legs.forEach((leg) => leg.abandon(providerRingMs)),
    /** The server was away too long: talks end, and ringing phones end by their own limit. */
    giveUpTalks: (): void => legs.forEach((leg) => leg.giveUpTalk()),
    stop: (): void => closing.abort(),
  };

  function openLeg(request: DialRequest, outcome: Outcome) {
    const sipCallId = sid('SCL');
    const attributes: Record<string, string> = {
      ...request.attributes,
      'sip.callID': sipCallId,
      'sip.callStatus': 'dialing',
      ...(request.hidePhoneNumber
        ? {}
        : {
            'sip.hostname': request.trunk.hostname,
            'sip.phoneNumber': request.number,
            'sip.trunkPhoneNumber': request.callerId,
          }),
      'sip.trunkID': request.trunk.id,
    };
    const over = new AbortController();
    const ended = AbortSignal.any([over.signal, closing.signal]);
    const pause = (ms: number): Promise<void> => wait(scaled(ms), undefined, { signal: ended });
    /** Runs later, even if the bridge has died. */
    const later = (ms: number, then: () => void): void =>
      void wait(scaled(Math.max(0, ms)), undefined, { signal: closing.signal }).then(then, () => undefined);
    const startedAt = performance.now();
    const leg: Leg = {
      number: request.number,
      room: request.room,
      sipCallId,
      status: () => here?.participant.attributes['sip.callStatus'] ?? 'dialing',
      outcome,
    };
    const log = (event: PhoneEvent): void =>
      options.log({ event, number: request.number, room: request.room, identity: request.identity, sipCallId });
    const change = (changes: Record<string, string>): void => {
      if (here !== undefined) rooms.update(here.room, here.participant, { attributes: changes });
      options.changed(leg);
    };
    const setStatus = (status: string): void => change({ 'sip.callStatus': status });
    let invited = false;
    /** Set once the callee answered, whatever the room says. */
    let answer: Record<string, string> | undefined;
    let settle: (verdict: TwirpError | 'answered') => void = () => undefined;
    let here: { room: Room; participant: Participant } | undefined;

    /** Ends the leg: first for the phone, then for the room, then for the waiting request. */
    const finish = (reason: DisconnectReason, verdict: TwirpError): void => {
      if (over.signal.aborted) return;
      close();
      if (here !== undefined) {
        if (options.leavesGhost(request.room)) here.participant.isGhost = true;
        else rooms.leave(here.room, here.participant, reason);
      }
      options.changed({ ...leg, status: () => 'left' });
      settle(verdict);
    };
    const close = (): void => {
      over.abort();
      legs.delete(self);
    };

    const ring = async (): Promise<'answered' | void> => {
      await pause(inviteMs);
      const { transport, hostname, hasLogin } = request.trunk;
      if (outcome.callee === 'unreachable' && transport === 'TCP') {
        const text = `transport<TCP> dial err=dial tcp :0->${hostname}: connect: connection refused`;
        return finish('CLIENT_INITIATED', new TwirpError('failed_precondition', `twirp error unknown: ${text}`));
      }
      if (outcome.callee === 'wants_login') {
        for (let sent = 0; sent < (hasLogin ? loginInvites : 1); sent++) log('invite');
        log('refused');
        const text = hasLogin
          ? 'max auth retry attempts reached for SIP invite'
          : 'sip server required auth, but no username or password was provided';
        return finish('USER_REJECTED', new TwirpError('failed_precondition', `twirp error unknown: ${text}`));
      }
      invited = outcome.callee !== 'unreachable';
      if (invited) log('invite');
      await pause(publishMs - inviteMs);
      if (here !== undefined) rooms.publish(here.room, here.participant);
      // The bridge never notices a closed UDP port; the ring limit ends the dial.
      if (outcome.callee === 'unreachable') return;
      if (outcome.callee === 'silent') {
        await pause(timerBMs);
        return finish(
          'USER_UNAVAILABLE',
          new TwirpError('canceled', 'twirp error unknown: transaction failed to complete (0 intermediate responses)'),
        );
      }
      if (!outcome.skipsRinging) {
        log('ringing');
        setStatus('ringing');
      }
      if (outcome.callee === 'rings') return new Promise<void>(() => undefined);
      await pause(outcome.ringMs ?? options.usualRingMs);
      if (outcome.callee === 'refuses') {
        const refusal = toRefusal(outcome.sipCode ?? 486, outcome.sipPhrase);
        log('refused');
        return finish(refusal.reason, refusal.error);
      }
      return 'answered';
    };

    const talk = async (): Promise<void> => {
      log('answered');
      answer = {
        'sip.callTag': randomBytes(6).toString('hex'),
        'sip.callIDFull': randomBytes(18).toString('base64url'),
      };
      change(answer);
      setStatus('active');
      settle('answered');
      const talkMs = outcome.talkMs === undefined ? options.usualTalkMs : outcome.talkMs;
      if (outcome.noRtp || outcome.vanishesMs !== undefined) {
        await pause(outcome.vanishesMs === undefined ? noRtpMs : outcome.vanishesMs + lostMs);
        // Nobody is left to receive a BYE.
        if (outcome.vanishesMs === undefined) log('hangup');
        return finish('CLIENT_INITIATED', timedOut());
      }
      if (talkMs === null) return;
      await pause(talkMs);
      hangUp();
    };

    /** Handles a BYE from either side of an established call. */
    const hangUp = (): void => {
      log('hangup');
      if (!options.leavesGhost(request.room)) setStatus('hangup');
      finish('CLIENT_INITIATED', timedOut());
    };

    const limit = async (ms: number, end: () => void): Promise<void> => {
      await pause(ms);
      end();
    };
    const cancel = (verdict: TwirpError): void => {
      if (invited) log('cancelled');
      finish('USER_UNAVAILABLE', verdict);
    };
    const isTalking = (): boolean => answer !== undefined;

    const late = (): TwirpError => new TwirpError('deadline_exceeded', 'twirp error unknown: request timed out');
    const self = {
      sipCallId,
      attributes,
      answeredWith: (): Record<string, string> => answer ?? {},
      run(room: Room, participant: Participant, resolve: (verdict: TwirpError | 'answered') => void): void {
        here = { room, participant };
        settle = resolve;
        const ringMs = request.ringingTimeoutMs ?? defaultRingMs;
        const quiet = (work: Promise<unknown>): void => void work.catch(() => undefined);
        quiet(ring().then((verdict) => (verdict === 'answered' ? talk() : undefined)));
        quiet(limit(ringMs, () => (isTalking() ? undefined : cancel(timedOut()))));
        if (request.waitUntilAnswered) {
          quiet(limit(serverWaitMs, () => (isTalking() ? undefined : cancel(late()))));
        }
        if (request.maxCallDurationMs !== undefined) {
          quiet(limit(request.maxCallDurationMs, () => (isTalking() ? hangUp() : cancel(timedOut()))));
        }
      },
      /** Somebody else ended the leg: sends CANCEL or BYE. The room already knows. */
      stop(): void {
        if (over.signal.aborted) return;
        if (isTalking()) log('hangup');
        else if (invited) log('cancelled');
        close();
        options.changed({ ...leg, status: () => 'left' });
        settle(timedOut());
      },
      giveUpTalk(): void {
        if (!isTalking()) return;
        log('hangup');
        finish('CLIENT_INITIATED', timedOut());
      },
      /** Leaves the phone alone: it rings until its provider's limit, or until its owner hangs up. */
      abandon(providerRingMs: number): void {
        close();
        if (isTalking()) later(bridgeMissedMs, () => log('hangup'));
        else if (invited) later(providerRingMs, () => log('cancelled'));
        later(bridgeMissedMs, () => {
          if (here !== undefined) rooms.leave(here.room, here.participant, 'CONNECTION_TIMEOUT');
          options.changed({ ...leg, status: () => 'left' });
        });
        if (!isTalking()) later(serverWaitMs - (performance.now() - startedAt) * timeFactor, () => settle(late()));
      },
    };
    return self;
  }
}
