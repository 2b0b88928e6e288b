import { AccessToken, ServerError, SipCallError } from 'livekit-server-sdk';
import { setTimeout as wait } from 'node:timers/promises';
import { vi } from 'vitest';
import { key, startWorld, timeFactor, type Received, type World } from './conformance-world.ts';
import type { Script } from './conformance-scripts.ts';
import type { DialRecording, SdkError } from './recording.ts';

export type Observed = {
  response: unknown;
  error: SdkError | undefined;
  /** Delays in ms after the dial, as the recording counts them. */
  settledAfterMs: number;
  otherCalls: unknown[];
  webhooks: (Received & { atMs: number })[];
  unsigned: unknown[];
  /** The leg's attributes after each change. */
  participants: Record<string, string>[];
  phone: Record<string, number>;
};

/** Runs a recorded dial in a simulated world of its own, set up by its script. */
export async function replay(recording: DialRecording, script: Script): Promise<Observed> {
  const { request } = recording;
  await using world = await startWorld({ trunkId: request.sipTrunkId === '' ? 'ST_simulated' : request.sipTrunkId });
  await world.control('script', { number: request.sipCallTo, outcomes: [script.callee] });
  if (script.faults !== undefined) await world.control('faults', script.faults);
  for (const call of recording.before) await world.call(call);
  if (script.withAgent === true) await bringAgent(world, request.roomName, request.sipCallTo);

  const startedAt = performance.now();
  const sinceStart = (at: number): number => (at - startedAt) * timeFactor;
  const watched = watchLeg(world, recording);
  const otherCalls = makeOtherCalls(world, recording, startedAt, watched.status);
  const dialled = await dial(world, recording);
  const settledAfterMs = sinceStart(performance.now());
  const answers = await otherCalls;
  await vi.waitFor(() => count(world.received, recording.webhooks.length), { timeout: 40_000, interval: 20 });
  const participants = await watched.stop();
  return {
    ...dialled,
    settledAfterMs,
    otherCalls: answers,
    webhooks: world.received.map((webhook) => ({ ...webhook, atMs: sinceStart(webhook.atMs) })),
    unsigned: world.unsigned,
    participants,
    phone: world.phone(request.sipCallTo),
  };
}

function count(received: Received[], expected: number): void {
  if (received.length < expected) throw new Error(`${received.length} webhooks of ${expected}`);
}

export async function dial(
  world: World,
  recording: Pick<DialRecording, 'request'> & Partial<Pick<DialRecording, 'clientTimeoutSeconds' | 'abortAfterMs'>>,
): Promise<Pick<Observed, 'response' | 'error'>> {
  const { request, clientTimeoutSeconds, abortAfterMs } = recording;
  const body = { ...request, ...(clientTimeoutSeconds === undefined ? {} : { clientTimeoutSeconds }) };
  try {
    const response =
      abortAfterMs === undefined
        ? await world.call({ path: '/twirp/livekit.SIP/CreateSIPParticipant', body })
        : await abort(world, request, abortAfterMs);
    return { response, error: undefined };
  } catch (error) {
    return { response: undefined, error: toSdkError(error) };
  }
}

/** The SDK can give up a dial only by its timeout in whole seconds, so this sends the recorded body itself. */
async function abort(world: World, body: DialRecording['request'], afterMs: number): Promise<unknown> {
  const token = new AccessToken(key.apiKey, key.apiSecret);
  token.addSIPGrant({ call: true });
  const giveUp = new AbortController();
  const [response] = await Promise.all([
    fetch(`${world.url}/twirp/livekit.SIP/CreateSIPParticipant`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await token.toJwt()}` },
      signal: giveUp.signal,
    }),
    wait(afterMs / timeFactor).then(() => giveUp.abort()),
  ]);
  return response.json();
}

/** The error's fields that a caller of the SDK can read. */
export function toSdkError(error: unknown): SdkError {
  if (!(error instanceof Error)) throw new Error('thrown, and no error', { cause: error });
  const common = { class: error.constructor.name, name: error.name, message: error.message };
  if (error instanceof DOMException) return { ...common, code: error.code };
  if (!(error instanceof ServerError)) return common;
  return {
    ...common,
    ...(error.code === undefined ? {} : { code: error.code }),
    status: error.status,
    ...(error.metadata === undefined ? {} : { metadata: error.metadata }),
    ...(error instanceof SipCallError ? { sipStatusCode: error.sipStatusCode, sipStatus: error.sipStatus } : {}),
  };
}

/**
 * Makes the other recorded calls, each no earlier than its time, and not before the leg has reached the recorded state.
 */
async function makeOtherCalls(
  world: World,
  recording: DialRecording,
  startedAt: number,
  status: () => string | undefined,
): Promise<unknown[]> {
  const left = recording.webhooks.find(
    (webhook) => webhook.event === 'participant_left' && webhook.participant?.attributes,
  );
  const last = left?.participant?.attributes?.['sip.callStatus'];
  const answers: unknown[] = [];
  for (const call of recording.otherCalls) {
    await wait(Math.max(0, startedAt + call.atMs / timeFactor - performance.now()));
    await vi.waitFor(
      () => {
        if (status() !== last) throw new Error(`the leg is ${status()}, not yet ${last}`);
      },
      { timeout: 30_000, interval: 5 },
    );
    const { httpStatus, body: response } = await world.post(call);
    answers.push({ httpStatus, response });
  }
  return answers;
}

/** Polls the leg as fast as it can, because no webhook reports these changes. */
function watchLeg(world: World, { request }: DialRecording) {
  const seen: Record<string, string>[] = [];
  const stopping = new AbortController();
  const look = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const participants = await world.rooms.listParticipants(request.roomName);
      const leg = participants.find((participant) => participant.identity === request.participantIdentity);
      if (leg !== undefined && JSON.stringify(seen.at(-1)) !== JSON.stringify(leg.attributes))
        seen.push(leg.attributes);
      await wait(5);
    }
  };
  const looking = look();
  return {
    status: () => seen.at(-1)?.['sip.callStatus'],
    async stop(): Promise<Record<string, string>[]> {
      stopping.abort();
      await looking;
      return seen;
    },
  };
}

async function bringAgent(world: World, room: string, phone: string): Promise<void> {
  const job = { version: 1, room, callId: 1, leadId: 1, attempt: 1, mode: 'sarvam', name: '', phone, products: [] };
  await world.agents.createDispatch(room, 'leadline-agent', { metadata: JSON.stringify(job) });
  await vi.waitFor(
    async () => {
      if ((await world.rooms.listParticipants(room)).length === 0) throw new Error('no agent yet');
    },
    { timeout: 10_000, interval: 5 },
  );
}
