import { isDeepStrictEqual } from 'node:util';
import { describe, test } from 'vitest';
import { scripts, twoDialScripts } from './conformance-scripts.ts';
import { startWorld } from './conformance-world.ts';
import { readDial, readTwoDials, type DialRecording } from './recording.ts';
import { dial, replay, type Observed } from './replay.ts';
import { toComparable } from './to-comparable.ts';

describe.concurrent('a dial goes as it was recorded', () => {
  test.for(Object.entries(scripts))('%s', async ([scenario, script], { expect }) => {
    const recording = readDial(scenario);
    const observed = await replay(recording, script);

    expect({ error: observed.error, response: toComparable(observed.response ?? null) }).toEqual({
      error: recording.error,
      response: toComparable(recording.response ?? null),
    });
    expect(toComparable(observedWebhooks(observed, recording))).toEqual(toComparable(recordedWebhooks(recording)));
    expect(toComparable(observed.otherCalls)).toEqual(toComparable(recordedAnswers(recording)));
    expect(observed.phone).toEqual(phoneEvents(recording));
    expect(tooEarly(observed, recording)).toEqual([]);
    expect(unlikeRecorded(observed, recording)).toEqual([]);
    expect(observed.unsigned).toEqual([]);
  });
});

describe.concurrent('two dials of one number go as they were recorded', () => {
  test.for(Object.entries(twoDialScripts))('%s', async ([scenario, { callee, secondWhen }], { expect }) => {
    const { first, second, webhooks, sip } = readTwoDials(scenario);
    const { sipTrunkId, sipCallTo, roomName } = first.request;
    await using world = await startWorld({ trunkId: sipTrunkId });
    await world.control('script', { number: sipCallTo, outcomes: [callee, callee] });
    const dialFirst = dial(world, first);
    await expect
      .poll(async () => (await world.rooms.listParticipants(roomName))[0]?.attributes['sip.callStatus'], {
        timeout: 10_000,
        interval: 10,
      })
      .toBe(secondWhen);
    const answers = await Promise.all([dialFirst, dial(world, second)]);
    await world.rooms.deleteRoom(roomName);
    await expect.poll(() => world.received.length).toBe(webhooks.length);

    expect(toComparable(answers)).toEqual(
      toComparable([first, second].map(({ response, error }) => ({ response, error }))),
    );
    const observed = world.received.map(({ body }) => body);
    expect(toComparable(observed)).toEqual(toComparable(recordedWebhooks({ webhooks })));
    // One INVITE's final answer is recorded, of two.
    expect(world.phone(sipCallTo)).toMatchObject({ invite: sip.invites, ringing: sip.provisional });
    expect(world.phone(sipCallTo)).toMatchObject(
      sip.cancels === 0 ? { hangup: 2 } : { cancelled: 1, hangup: sip.byes },
    );
  });
});

function recordedAnswers({ otherCalls }: DialRecording): unknown[] {
  return otherCalls.map(({ httpStatus, response }) => ({ httpStatus, response }));
}

function recordedWebhooks(recording: Pick<DialRecording, 'webhooks'>): unknown[] {
  return recording.webhooks.map((webhook) =>
    Object.fromEntries(Object.entries(webhook).filter(([name]) => name !== 'atMs')),
  );
}

/** A recording that stops before the room's end says nothing of what came later; of some webhooks only the event is kept. */
function observedWebhooks(observed: Observed, recording: DialRecording): unknown[] {
  const ends = recording.webhooks.length === 0 || recording.webhooks.at(-1)?.event === 'room_finished';
  const compared = ends ? observed.webhooks : observed.webhooks.slice(0, recording.webhooks.length);
  return compared.map(({ body }, place) => {
    const recorded = recording.webhooks[place];
    if (recorded === undefined || 'room' in recorded) return body;
    const { event, participant } = body;
    return { event, ...(participant === undefined ? {} : { participant: { identity: identityOf(participant) } }) };
  });
}

function identityOf(participant: unknown): unknown {
  return typeof participant === 'object' && participant !== null && 'identity' in participant && participant.identity;
}

/** What the phone saw of the SIP messages that were sent. */
function phoneEvents({ sip }: DialRecording): Record<string, number> {
  const events = {
    invite: sip.invites,
    ringing: sip.provisional,
    answered: sip.finalCode === 200 ? 1 : 0,
    refused: sip.finalCode !== null && sip.finalCode >= 300 && sip.finalCode !== 487 ? 1 : 0,
    cancelled: sip.cancels,
    hangup: sip.byes,
  };
  return Object.fromEntries(Object.entries(events).filter(([, count]) => count > 0));
}

/**
 * Steps that came before their time. Those of less than a second are sized by the recording's machine, not by a
 * protocol, and later than recorded is nothing to hold against a busy machine: that limits are kept shows in that the
 * scripts' phones would be answered soon after them.
 */
function tooEarly(observed: Observed, recording: DialRecording): string[] {
  const steps = [
    { what: 'settled', is: observed.settledAfterMs, was: recording.settledAfterMs },
    ...recording.webhooks.map(({ event, atMs }, place) => ({
      what: event,
      is: observed.webhooks[place]?.atMs ?? 0,
      was: atMs,
    })),
  ];
  return steps
    .filter(({ is, was }) => was >= 1_000 && is < was * 0.9 - 300)
    .map(({ what, is, was }) => `${what} after ${Math.round(is)} ms, recorded after ${was} ms`);
}

/** Attributes that the leg was seen with, though the recording's had others with this status. Quick steps were missed there. */
function unlikeRecorded(observed: Observed, recording: DialRecording): unknown[] {
  return observed.participants.filter((seen) => {
    const recorded = recording.participants.filter(
      ({ status, attributes }) =>
        status === seen['sip.callStatus'] && 'sip.callTag' in attributes === 'sip.callTag' in seen,
    );
    const isSame = ({ attributes }: (typeof recorded)[number]): boolean =>
      isDeepStrictEqual(toComparable(seen), toComparable(attributes));
    return recorded.length > 0 && !recorded.some(isSame);
  });
}
