import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { key, startWorld, type World } from './conformance-world.ts';
import { readApiCases, readDial, readRedial, readSipCodes, type ApiCase } from './recording.ts';
import { toSdkError } from './replay.ts';
import { toComparable } from './to-comparable.ts';

type Claims = { iss?: string; secret?: string; ttlSeconds?: number; video?: object; sip?: object };

async function sign({
  iss = key.apiKey,
  secret = key.apiSecret,
  ttlSeconds = 600,
  ...grants
}: Claims): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const token = new SignJWT(grants).setProtectedHeader({ alg: 'HS256' }).setIssuer(iss);
  return token
    .setNotBefore(now - 3_600)
    .setExpirationTime(now + ttlSeconds)
    .sign(new TextEncoder().encode(secret));
}

/** The tokens of the recording, by what it says of them; null: no header at all. */
const tokens: Record<string, Claims | string | null> = {
  'right key, wrong secret': { sip: { call: true }, secret: 'another-secret-of-the-same-length' },
  'unknown key': { sip: { call: true }, iss: 'nokey' },
  'expired token': { sip: { call: true }, ttlSeconds: -1_800 },
  'token without sip.call': { video: { roomList: true } },
  'garbage token': 'not-a-token',
  'no Authorization header': null,
  'listRooms without roomList': { video: { roomCreate: true } },
  'listParticipants with roomAdmin of another room': { video: { roomAdmin: true, room: 'another' } },
};

/** A busy machine takes its time for a webhook. */
const slowly = { timeout: 60_000 };

test('a wrong token is refused as recorded, and a signed one repeated in the answer', async () => {
  await using world = await startWorld({ trunkId: 'ST_x' });
  for (const recorded of readApiCases('auth-errors').cases) {
    const given = tokens[recorded.what];
    if (given === undefined) throw new Error(`no token for ${recorded.what}`);
    const token = typeof given === 'string' || given === null ? given : await sign(given);
    const mask = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll(token ?? '<JWT>', '<JWT>'));
    expect(mask(await overTheWire(world, recorded, token))).toEqual(wire(recorded));
    if (recorded.sdk !== undefined && token !== null) {
      expect(mask(await throughTheSdk(world, recorded, token))).toEqual({ what: recorded.what, ...recorded.sdk });
    }
  }
});

test('arguments that a dial can not have are refused as recorded, and the others are dialled', async () => {
  await using world = await startWorld({ trunkId: 'ST_b4Bm4KoHP6RX' });
  await Promise.all(
    readApiCases('bad-arguments').cases.map(async (recorded) => {
      // What the SDK refuses by itself never comes to a server.
      if (recorded.request.path === undefined) return;
      expect(await overTheWire(world, recorded)).toEqual(wire(recorded));
      if (recorded.sdk === undefined) return;
      expect(await throughTheSdk(world, recorded)).toEqual({ what: recorded.what, ...recorded.sdk });
    }),
  );
});

test.for(['room-service', 'agent-dispatch-no-worker'])('%s', async (scenario) => {
  const recording = readApiCases(scenario);
  await using world = await startWorld({ trunkId: 'ST_x' });
  const observed: unknown[] = [];
  for (const recorded of recording.cases)
    observed.push(byAge(await overTheWire(world, withKnownId(recorded, observed))));
  expect(toComparable(observed)).toEqual(toComparable(recording.cases.map((recorded) => byAge(wire(recorded)))));

  for (const recorded of recording.cases) {
    if (recorded.sdk === undefined) continue;
    expect(await throughTheSdk(world, recorded)).toEqual({ what: recorded.what, ...recorded.sdk });
  }
  for (const room of await world.rooms.listRooms()) await world.rooms.deleteRoom(room.name);
  await expect
    .poll(() => world.received.map(({ body }) => `${String(body['event'])} ${roomName(body)}`).toSorted(), slowly)
    .toEqual(recording.webhooks.toSorted());
});

test('every SIP code that was recorded becomes its error and its disconnect reason', async () => {
  await using world = await startWorld({ trunkId: 'ST_x' });
  await Promise.all(
    readSipCodes().map(async ({ calleeAnswers, httpStatus, twirp, sdk, webhook }) => {
      const room = `room-${calleeAnswers}`;
      const number = `+919000${calleeAnswers}000`;
      const outcomes = [{ callee: 'refuses', sipCode: calleeAnswers, ringMs: 300 }];
      await world.control('script', { number, outcomes });
      const body = { sipTrunkId: 'ST_x', sipCallTo: number, roomName: room, waitUntilAnswered: true };
      const what = `SIP ${calleeAnswers}`;
      const { metadata, ...error } = await throughTheSdk(world, { what, request: { path: dialPath, body } });
      expect(error).toEqual({ what, ...sdk, status: httpStatus });
      // The recording keeps the details' place only; those of section 3.2 are compared to the byte.
      expect({ ...metadata, error_details: '<base64>' }).toEqual(twirp.meta);
      await expect
        .poll(
          () =>
            world.received.find(
              (received) => received.body['event'] === 'participant_left' && roomName(received.body) === room,
            ),
          slowly,
        )
        .toMatchObject({
          body: {
            participant: {
              disconnectReason: webhook.disconnectReason,
              attributes: { 'sip.callStatus': webhook.callStatus },
            },
          },
        });
      expect(world.phone(number)).toEqual({ invite: 1, ringing: 1, refused: 1 });
    }),
  );
});

test('the same dial again in the same room is a new call of the same room', async () => {
  const recording = readRedial();
  await using world = await startWorld({ trunkId: recording.request.sipTrunkId });
  const dial = { what: 'the dial', request: { path: dialPath, body: recording.request } };
  expect(await throughTheSdk(world, dial)).toEqual({ what: dial.what, ...recording.first });
  await expect.poll(() => world.received.length, slowly).toBe(5);
  expect(await throughTheSdk(world, dial)).toEqual({ what: dial.what, ...recording.second });
  await expect.poll(() => world.received.length, slowly).toBe(recording.webhooks.length);
  expect(toComparable(world.received.map(({ body, atMs }) => ({ atMs, ...inShort.parse(body) })))).toEqual(
    toComparable(recording.webhooks),
  );
  expect(world.phone(recording.request.sipCallTo)).toEqual({ invite: 2, ringing: 2, refused: 2 });
});

test('a leg that rings is listed with the fields that were recorded', async () => {
  const { request, participants } = readDial('answered-callee-hangs-up');
  const whole = participants.find((participant) => participant.whole !== undefined)?.whole;
  await using world = await startWorld({ trunkId: request.sipTrunkId });
  await world.control('script', { number: request.sipCallTo, outcomes: [{ callee: 'rings' }] });
  await world.call({ path: dialPath, body: { ...request, waitUntilAnswered: false } });
  const list = { path: '/twirp/livekit.RoomService/ListParticipants', body: { room: request.roomName } };
  // It was recorded in the moment between the ringing and its track.
  const published = { is_publisher: true, tracks: [expect.objectContaining({ source: 'MICROPHONE' })] };
  const expected = { participants: [{ ...Object(toComparable(whole)), ...published }] };
  await expect.poll(async () => toComparable((await world.post(list)).body), slowly).toEqual(expected);
});

const dialPath = '/twirp/livekit.SIP/CreateSIPParticipant';

function wire({ what, httpStatus, contentType, body }: ApiCase): unknown {
  return { what, httpStatus, contentType, body };
}

async function overTheWire(world: World, { what, request }: ApiCase, token?: string | null): Promise<unknown> {
  return { what, ...(await world.post({ path: request.path ?? '', body: request.body }, token)) };
}

type SdkCase = Pick<ApiCase, 'what' | 'request'>;
async function throughTheSdk(world: World, { what, request }: SdkCase, token?: string) {
  try {
    await world.call({ path: request.path ?? '', body: request.body }, token);
  } catch (error) {
    return { what, ...toSdkError(error) };
  }
  throw new Error(`${what}: nothing was thrown`);
}

/** Dispatches are listed in no order that means anything. */
function byAge(answer: unknown): unknown {
  const listed = z.array(z.looseObject({ state: z.looseObject({ created_at: z.string() }) }));
  return JSON.parse(JSON.stringify(answer), (name, value: unknown) =>
    name === 'agent_dispatches'
      ? listed.parse(value).toSorted((a, b) => a.state.created_at.localeCompare(b.state.created_at))
      : value,
  );
}

/** The recording asks for the dispatch that it made first. */
function withKnownId(recorded: ApiCase, observed: unknown[]): ApiCase {
  const [first] = observed;
  const id = /AD_\w+/.exec(JSON.stringify(first ?? ''))?.[0] ?? '';
  const text = JSON.stringify(recorded.request).replace(/"dispatchId":"AD_\w+"/, `"dispatchId":"${id}"`);
  return { ...recorded, request: JSON.parse(text) };
}

function roomName(body: Record<string, unknown>): string {
  const { room } = body;
  return typeof room === 'object' && room !== null && 'name' in room ? String(room.name) : '';
}

const inShort = z
  .object({
    event: z.string(),
    room: z.object({ sid: z.string() }),
    participant: z
      .object({
        sid: z.string(),
        disconnectReason: z.string().optional(),
        attributes: z.object({ 'sip.callID': z.string() }).optional(),
      })
      .optional(),
  })
  .transform(({ event, room, participant }) => ({
    event,
    roomSid: room.sid,
    participantSid: participant?.sid,
    callID: participant?.attributes?.['sip.callID'],
    disconnectReason: participant?.disconnectReason,
  }));
