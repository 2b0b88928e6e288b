import { describe, expect, test } from 'vitest';
import { noFacts, type Call, type Dial, type Facts, type Policy } from './call-facts.ts';
import { decideRelease } from './decide-release.ts';
import { stepCall, type CallEvent, type Effect } from './call-state.ts';

const policy: Policy = {
  ringMs: 30_000,
  maxCallMs: 600_000,
  minTalkMs: 5_000,
  reportGraceMs: 90_000,
  providerRingMs: 240_000,
  latestInviteMs: 65_000,
  agentWaitMs: 10_000,
  maxTakeovers: 2,
};
/** Permit, ring limit, longest talk, and the 65 s in which a frozen dispatcher's request still counts. */
const longest = 2 + 65 + 30 + 600;

const t0 = Date.parse('2026-11-24T05:30:00Z');
const at = (seconds: number): Date => new Date(t0 + seconds * 1_000);
const seconds = (when: Date | null): number | null => (when === null ? null : (when.getTime() - t0) / 1_000);

type Heard = [handledAt: number, event: CallEvent];
type Life = { call: Call; facts: Facts; told: string[]; done: string[]; effects: Effect[] };

/** A call claimed at 0 s; `sent` 2 s later unless told otherwise. */
function live(heard: Heard[], dial: Partial<Dial> = {}): Life {
  const row: Dial = { sentAt: at(2), revokedAt: null, putBackReason: null, ...dial };
  const life: Life = {
    call: {
      status: 'calling',
      failureReason: null,
      answers: {},
      mode: null,
      startedAt: at(0),
      answeredAt: null,
      endedAt: null,
      durationSeconds: null,
      sipStatus: null,
      doNotCall: false,
    },
    facts: noFacts,
    told: [],
    done: [],
    effects: [],
  };
  for (const [handledAt, event] of heard) {
    const step = stepCall({ ...life, dial: row }, event, at(handledAt), policy);
    life.call = step.call;
    life.facts = step.facts;
    life.effects.push(...step.effects);
    for (const { kind } of step.effects)
      (['look', 'stop', 'take_over'].includes(kind) ? life.done : life.told).push(kind);
  }
  return life;
}

const joined = (when: number): CallEvent => ({ kind: 'leg_joined', at: at(when), everAnswered: false });
const answered = (when: number): CallEvent => ({ kind: 'answered', at: at(when) });
const hungUp = (when: number): CallEvent => ({
  kind: 'leg_left',
  at: at(when),
  reason: 'CLIENT_INITIATED',
  callStatus: 'hangup',
  everAnswered: true,
});
const takenOff = (when: number): CallEvent => ({
  kind: 'leg_left',
  at: at(when),
  reason: 'ROOM_DELETED',
  callStatus: 'active',
  everAnswered: true,
});
const leftRinging = (when: number, reason: string): CallEvent => ({
  kind: 'leg_left',
  at: at(when),
  reason,
  callStatus: 'ringing',
  everAnswered: false,
});
const qualified = (when: number, answers: Record<string, string> = { location: 'Pune' }): CallEvent => ({
  kind: 'agent_qualified',
  at: at(when),
  mode: 'sarvam',
  answers,
  doNotCall: false,
  unread: [],
  disposition: null,
  language: null,
});
const ended = (when: number, endedBy = 'callee', doNotCall = false): CallEvent => ({
  kind: 'agent_ended',
  at: at(when),
  endedBy,
  doNotCall,
  callbackAt: null,
  callbackWords: null,
  unread: [],
  disposition: null,
  language: null,
});
const refused = (when: number, sipStatus = 486): CallEvent => ({
  kind: 'dial_failed',
  at: at(when),
  reason: 'rejected',
  sipStatus,
  rang: 'yes',
  numberFree: true,
});
const rangOut = (when: number): CallEvent => ({
  kind: 'dial_failed',
  at: at(when),
  reason: 'unanswered',
  sipStatus: null,
  rang: 'yes',
  numberFree: false,
});
const due: CallEvent = { kind: 'due' };
const sawTalking: CallEvent = { kind: 'looked', leg: { everAnswered: true }, agentPresent: true };
const sawAlone: CallEvent = { kind: 'looked', leg: { everAnswered: true }, agentPresent: false };
const sawRinging: CallEvent = { kind: 'looked', leg: { everAnswered: false }, agentPresent: true };
const sawNothing: CallEvent = { kind: 'looked', leg: null, agentPresent: false };
const lookFailed: CallEvent = { kind: 'look_failed' };

describe('a leg whose place its own next stay takes', () => {
  const joinedAs = (sid: string, when: number): CallEvent => ({
    kind: 'leg_joined',
    at: at(Math.floor(when)),
    sid,
    everAnswered: false,
  });
  const leftAs = (sid: string, when: number, reason: string): CallEvent => ({
    kind: 'leg_left',
    at: at(Math.floor(when)),
    sid,
    reason,
    callStatus: 'dialing',
    everAnswered: false,
  });
  test('has not left, and is looked at two seconds later, until it is seen answered', () => {
    const replaced: Heard[] = [
      [3, joinedAs('PA_1', 3)],
      [22.4, leftAs('PA_1', 22, 'DUPLICATE_IDENTITY')],
      [22.5, joinedAs('PA_2', 22)],
    ];
    expect(live(replaced).facts).toMatchObject({ legLeftAt: null, settleAt: at(24.5) });
    const ringing: Heard[] = [...replaced, [24.5, due], [24.6, sawRinging]];
    expect(live(ringing).facts.settleAt).toEqual(at(29.6));
    expect(live([...ringing, [29.6, due], [29.7, sawTalking]]).call.answeredAt).toEqual(at(27.15));
  });

  test('joins under another id after a restart of the server: its dial’s result may be lost, so it is looked at', () => {
    const joinedTwice: Heard[] = [
      [3, joinedAs('PA_1', 3)],
      [9, joinedAs('PA_2', 9)],
    ];
    expect(live(joinedTwice).facts.settleAt).toEqual(at(11));
    // The same joining told again is no other one.
    expect(
      live([
        [3, joinedAs('PA_1', 3)],
        [9, joinedAs('PA_1', 3)],
      ]).facts.settleAt,
    ).toEqual(at(7));
  });

  test('has not left where the older stay’s end is told after the newer one’s joining', () => {
    const { facts } = live([
      [3, joinedAs('PA_1', 3)],
      [9, joinedAs('PA_2', 9)],
      [9.5, leftAs('PA_1', 8, 'CONNECTION_TIMEOUT')],
    ]);
    expect(facts.legLeftAt).toBeNull();
    expect(facts.settleAt).toEqual(at(11.5));
  });

  test('that left and came back within one of LiveKit’s seconds is there', () => {
    const back: Heard[] = [
      [3, joinedAs('PA_1', 3)],
      [22.4, leftAs('PA_1', 22, 'CONNECTION_TIMEOUT')],
      [22.5, joinedAs('PA_2', 22)],
    ];
    expect(live(back).facts.legLeftAt).toBeNull();
    // The first end, told again, is still the first one’s.
    expect(live([...back, [22.8, leftAs('PA_1', 22, 'CONNECTION_TIMEOUT')]]).facts.legLeftAt).toBeNull();
    expect(live([...back, [22.9, leftAs('PA_2', 22, 'CLIENT_INITIATED')]]).facts.legLeftAt).toEqual(at(22.9));
  });

  test('whose joining is told after its end stays gone', () => {
    const gone: Heard[] = [
      [22.4, leftAs('PA_1', 22, 'CLIENT_INITIATED')],
      [22.5, joinedAs('PA_1', 22)],
    ];
    expect(live(gone).facts.legLeftAt).toEqual(at(22.4));
  });
});

describe('an answer of which nobody told when', () => {
  const talked: Heard[] = [
    [3, joined(3)],
    [13, hungUp(13)],
    [110, due],
  ];

  test('is taken for the middle of the leg’s stay, and says so', () => {
    const { call, facts } = live(talked);
    expect([call.status, seconds(call.answeredAt), seconds(call.endedAt)]).toEqual(['failed', 8, 13]);
    expect(facts.watch.answerEstimated).toBe(true);
  });

  test('comes no later than a phone may ring', () => {
    const long: Heard[] = [
      [3, joined(3)],
      [203, hungUp(203)],
      [300, due],
    ];
    expect(seconds(live(long).call.answeredAt)).toBe(33);
  });

  test('is set right by the dial’s own word, which comes late', () => {
    const { call, facts } = live([...talked, [120, { kind: 'answered', at: at(5) }]]);
    expect([seconds(call.answeredAt), facts.watch.answerEstimated]).toEqual([5, false]);
  });

  test('counts where the end was never told either', () => {
    const { call } = live([
      [3, { kind: 'leg_joined', at: at(3), everAnswered: true }],
      [longest + 1, due],
    ]);
    expect([call.failureReason, seconds(call.answeredAt)]).toEqual(['stale_timeout', 3]);
  });

  test('counts where the call was settled as never answered, and its hang-up is told later', () => {
    const { call, facts } = live([
      [3, joined(3)],
      [
        9,
        { kind: 'dial_failed', at: at(9), reason: 'dispatch_failed', sipStatus: null, rang: 'yes', numberFree: false },
      ],
      [53, hungUp(53)],
    ]);
    expect([call.status, call.failureReason]).toEqual(['failed', 'dispatch_failed']);
    expect([seconds(call.answeredAt), seconds(call.endedAt), call.durationSeconds]).toEqual([28, 53, 53]);
    expect(facts.watch.answerEstimated).toBe(true);
  });

  test('makes no refusal of a talk that may have been long', () => {
    const { call } = live([
      [3, joined(3)],
      [11, hungUp(11)],
      [110, due],
    ]);
    expect([call.failureReason, seconds(call.answeredAt)]).toEqual(['no_answers', 7]);
  });
});

describe('a dial of whose result nobody tells, as when its dispatcher was killed', () => {
  const rings: Heard[] = [
    [3, joined(3)],
    [7, due],
    [7, sawRinging],
  ];

  test('is looked at every few seconds until it is answered, which was between two looks', () => {
    expect(live(rings.slice(0, 2)).done).toEqual(['look']);
    expect(seconds(live(rings).facts.settleAt)).toBe(12);
    const talks: Heard[] = [...rings, [12, due], [12, sawTalking]];
    const { call, facts } = live(talks);
    expect([call.status, seconds(call.answeredAt), facts.watch.answerEstimated]).toEqual(['calling', 9.5, true]);
    expect(seconds(facts.settleAt)).toBe(9.5 + 60);
    const over = live([...talks, [42, hungUp(42)], [140, due]]).call;
    expect([over.status, seconds(over.answeredAt), seconds(over.endedAt)]).toEqual(['failed', 9.5, 42]);
  });

  test('is looked at until it is gone, and then as seldom as before', () => {
    const gone = (from: number, to: number): Heard[] =>
      Array.from({ length: (to - from) / 5 + 1 }, (_, place): Heard[] => [
        [from + 5 * place, due],
        [from + 5 * place, sawNothing],
      ]).flat();
    expect(seconds(live([...rings, ...gone(12, 87)]).facts.settleAt)).toBe(92);
    expect(seconds(live([...rings, ...gone(12, 97)]).facts.settleAt)).toBe(157);
    expect(seconds(live([...rings, [9, leftRinging(9, 'USER_UNAVAILABLE')]]).facts.settleAt)).toBe(14);
  });

  test('was answered after the last look that showed it ringing, where a hang-up comes before the next', () => {
    const { call, facts } = live([...rings, [11, hungUp(11)], [110, due]]);
    expect([seconds(call.answeredAt), seconds(call.endedAt), facts.watch.answerEstimated]).toEqual([9, 11, true]);
  });

  test('is set right by the dial’s own word, where it comes after all', () => {
    const { call, facts } = live([...rings, [12, due], [12, sawTalking], [13, answered(8)]]);
    expect([seconds(call.answeredAt), facts.watch.answerEstimated]).toEqual([8, false]);
  });

  test('that has told is not looked at for its answer', () => {
    expect(seconds(live([...rings, [8, answered(8)]]).facts.settleAt)).toBe(68);
  });

  test('has its person saved where the agent is not there', () => {
    const alone = live([...rings, [12, due], [12, sawAlone], [17, due], [17, sawAlone]]);
    expect(alone.done).toEqual(['look', 'look', 'look', 'take_over']);
  });
});

describe('when a call is settled', () => {
  test.for<{ name: string; heard: Heard[]; status: string; reason?: string; settleAt?: number; dial?: Partial<Dial> }>([
    { name: 'while it rings, it is calling', heard: [[3, joined(3)]], status: 'calling', settleAt: 7 },
    {
      name: "a refusal's own result settles it at once",
      heard: [
        [3, joined(3)],
        [5, refused(5)],
      ],
      status: 'failed',
      reason: 'rejected',
    },
    {
      name: 'a leg that left unanswered waits 5 s for its dial',
      heard: [
        [3, joined(3)],
        [33, leftRinging(33, 'USER_REJECTED')],
      ],
      status: 'calling',
      settleAt: 38,
    },
    {
      name: "and the dial's result beats the webhook's word",
      heard: [
        [3, joined(3)],
        [33, leftRinging(33, 'USER_REJECTED')],
        [34, rangOut(33)],
      ],
      status: 'failed',
      reason: 'unanswered',
    },
    {
      name: 'without a result the webhook decides after 5 s',
      heard: [
        [3, joined(3)],
        [33, leftRinging(33, 'USER_UNAVAILABLE')],
        [38, due],
      ],
      status: 'failed',
      reason: 'unanswered',
    },
    {
      name: 'answers alone do not settle a call whose leg is there',
      heard: [
        [4, answered(4)],
        [20, qualified(20)],
      ],
      status: 'calling',
      settleAt: 64,
    },
    {
      name: 'answers and agent.ended do not settle it either while the leg is there',
      heard: [
        [4, answered(4)],
        [20, qualified(20)],
        [21, ended(21)],
      ],
      status: 'calling',
      settleAt: 26,
    },
    {
      name: 'with answers and agent.ended the leg settles it at once',
      heard: [
        [4, answered(4)],
        [20, qualified(20)],
        [21, ended(21)],
        [22, hungUp(22)],
      ],
      status: 'called',
    },
    {
      name: 'in the other order too',
      heard: [
        [4, answered(4)],
        [22, hungUp(22)],
        [22, ended(21)],
        [23, qualified(20)],
      ],
      status: 'called',
    },
    {
      name: 'with answers but without agent.ended, 10 s after the leg left',
      heard: [
        [4, answered(4)],
        [20, qualified(20)],
        [22, hungUp(22)],
        [31.9, due],
      ],
      status: 'calling',
      settleAt: 32,
    },
    {
      name: 'and then it is called',
      heard: [
        [4, answered(4)],
        [20, qualified(20)],
        [22, hungUp(22)],
        [32, due],
      ],
      status: 'called',
    },
    {
      name: 'without answers, 5 s after the later of agent.ended and the leg',
      heard: [
        [4, answered(4)],
        [22, hungUp(22)],
        [25, ended(25)],
      ],
      status: 'calling',
      settleAt: 30,
    },
    {
      name: 'without any word of the agent, when the grace for reports is over',
      heard: [
        [4, answered(4)],
        [22, hungUp(22)],
        [112, due],
      ],
      status: 'failed',
      reason: 'no_answers',
    },
    {
      name: 'a report within the grace is in time',
      heard: [
        [4, answered(4)],
        [22, hungUp(22)],
        [82, qualified(20)],
        [82.5, due],
      ],
      status: 'called',
    },
    {
      name: 'a room that finished stands for a leg whose leaving was not heard',
      heard: [
        [4, answered(4)],
        [20, qualified(20)],
        [21, ended(21)],
        [22, { kind: 'room_finished', at: at(22) }],
      ],
      status: 'called',
    },
    {
      name: 'a room that finished before the leg was there says nothing',
      heard: [[3, { kind: 'room_finished', at: at(3) }]],
      status: 'calling',
      settleAt: 7,
    },
    {
      name: 'what LiveKit does not show has not ended',
      heard: [
        [3, joined(3)],
        [97, due],
        [98, sawNothing],
      ],
      status: 'calling',
      settleAt: 158,
    },
    {
      name: 'a LiveKit that can not be asked says nothing',
      heard: [
        [3, joined(3)],
        [97, due],
        [98, lookFailed],
      ],
      status: 'calling',
      settleAt: 108,
    },
    {
      name: 'a call of which nothing was heard is stale when no leg can be left',
      heard: [[longest, due]],
      status: 'failed',
      reason: 'stale_timeout',
    },
    {
      name: 'and not a second before',
      heard: [[longest - 1, due]],
      status: 'calling',
      settleAt: longest,
    },
    {
      name: 'a stale call with answers is called',
      heard: [
        [4, answered(4)],
        [20, qualified(20)],
        [longest, due],
      ],
      status: 'called',
    },
    {
      name: 'an unsent call is never stale',
      heard: [[4_000, due]],
      dial: { sentAt: null },
      status: 'calling',
    },
    {
      name: 'a revoked dial ends its call, even where its event is late',
      heard: [[17, due]],
      dial: { sentAt: null, revokedAt: at(15) },
      status: 'failed',
      reason: 'startup_failed',
    },
    {
      name: 'a dial put back ends its call',
      heard: [[17, due]],
      dial: { sentAt: null, revokedAt: at(15), putBackReason: 'pace' },
      status: 'failed',
      reason: 'dispatch_failed',
    },
  ])('$name', ({ heard, status, reason, settleAt, dial }) => {
    const life = live(heard, dial);
    expect(life.call.status).toBe(status);
    expect(life.call.failureReason).toBe(reason ?? null);
    expect(seconds(life.facts.settleAt)).toBe(settleAt ?? null);
  });
});

describe('why a call failed', () => {
  const lives: [string, Heard[], string][] = [
    [
      'the callee hung up at once',
      [
        [4, answered(4)],
        [7, hungUp(7)],
        [7, ended(7)],
        [12, due],
      ],
      'rejected',
    ],
    [
      'the callee hung up after a talk',
      [
        [4, answered(4)],
        [60, hungUp(60)],
        [60, ended(60)],
        [65, due],
      ],
      'no_answers',
    ],
    [
      'the agent hung up at once',
      [
        [4, answered(4)],
        [7, hungUp(7)],
        [7, ended(7, 'agent')],
        [12, due],
      ],
      'no_answers',
    ],
    [
      'the agent died at once',
      [
        [4, answered(4)],
        [7, hungUp(7)],
        [7, ended(7, 'error')],
        [12, due],
      ],
      'no_answers',
    ],
    [
      'nobody knows when it was answered, but it can not have been long',
      [
        [3, joined(3)],
        [6, hungUp(6)],
        [96, due],
      ],
      'rejected',
    ],
    [
      'nobody knows when it was answered',
      [
        [3, joined(3)],
        [30, hungUp(30)],
        [120, due],
      ],
      'no_answers',
    ],
    [
      "the agent's session failed while it rang",
      [
        [3, joined(3)],
        [9, ended(9, 'error')],
        [15, leftRinging(15, 'ROOM_DELETED')],
        [20, due],
      ],
      'startup_failed',
    ],
    [
      'the bridge died while it rang',
      [
        [3, joined(3)],
        [30, leftRinging(30, 'CONNECTION_TIMEOUT')],
        [35, due],
      ],
      'dispatch_failed',
    ],
    [
      'the trunk refused',
      [
        [3, joined(3)],
        [4, leftRinging(4, 'CLIENT_INITIATED')],
        [9, due],
      ],
      'dispatch_failed',
    ],
  ];
  test.for(lives)('%s', ([_name, heard, reason]) => {
    expect(live(heard).call).toMatchObject({ status: 'failed', failureReason: reason });
  });
});

describe('times are the events own', () => {
  test('an event handled an hour late changes no minutes', () => {
    const prompt = live([
      [4, answered(4)],
      [20, qualified(20)],
      [22, ended(22)],
      [23.5, hungUp(23)],
    ]);
    const late = live([
      [3_600, answered(4)],
      [3_600, qualified(20)],
      [3_601, ended(22)],
      [3_602, hungUp(23)],
    ]);
    const afterItsEnd = live([
      [longest, due],
      [3_600, qualified(20)],
      [3_600, answered(4)],
      [3_601, ended(22)],
      [3_602, hungUp(23)],
    ]);
    expect(prompt.call).toMatchObject({ answeredAt: at(4), endedAt: at(23.5), durationSeconds: 24 });
    expect(late.call).toEqual(prompt.call);
    expect(afterItsEnd.call).toMatchObject({ status: 'called', answeredAt: at(4), durationSeconds: 22 });
  });

  test('a clock that runs ahead or behind moves no end beyond what can be', () => {
    const ahead = live([
      [4, answered(4)],
      [20, ended(9_000)],
      [22, hungUp(9_000)],
      [30, due],
    ]);
    expect(ahead.call.endedAt).toEqual(at(22));
    const behind = live([[3, refused(-500)]]);
    expect(behind.call).toMatchObject({ endedAt: at(0), durationSeconds: 0 });
  });

  test('a talk counts from the dial’s own word, whatever came first', () => {
    const life = live([
      [20, qualified(20)],
      [21, answered(4)],
      [30, ended(30)],
      [30.4, hungUp(30)],
    ]);
    expect(life.call).toMatchObject({ answeredAt: at(4), endedAt: at(30.4) });
    expect(life.effects.at(-2)).toMatchObject({ kind: 'ended', summary: { talkSeconds: 26, durationSeconds: 30 } });
  });

  test('LiveKit’s whole seconds make no talk shorter than it was', () => {
    const life = live([
      [4.95, answered(4.95)],
      [10, ended(9.97)],
      [9.98, hungUp(9)],
      [20, due],
    ]);
    expect(life.call).toMatchObject({ failureReason: 'no_answers', endedAt: at(9.98) });
  });

  test('a hang-up that is handled after its second is taken for the middle of it', () => {
    const life = live([
      [20.6, answered(20.402)],
      [32.1, hungUp(31)],
      [32.2, hungUp(31)],
      [200, due],
    ]);
    expect(life.call).toMatchObject({ answeredAt: at(20.402), endedAt: at(31.5) });
  });

  test('an attempt that was put back took no time', () => {
    const life = live([[15, due]], { sentAt: null, revokedAt: at(14), putBackReason: 'window_shut' });
    expect(life.call).toMatchObject({ endedAt: at(0), durationSeconds: 0 });
  });
});

describe('what is told', () => {
  test('ringing once, then the end once, however often the events come', () => {
    const heard: Heard[] = [
      [3, joined(3)],
      [4, answered(4)],
      [20, qualified(20)],
      [21, ended(21)],
      [22, hungUp(22)],
    ];
    const life = live([...heard, ...heard, ...heard.toReversed()]);
    expect(life.told).toEqual(['ringing', 'ended', 'qualified']);
  });

  test('a leg whose joining was not heard rings when it answers', () => {
    expect(live([[4, answered(4)]]).told).toEqual(['ringing']);
  });

  test.for(['rejected', 'unanswered', 'startup_failed'] as const)(
    'late answers make a call called after all, though it had failed as %s',
    (reason) => {
      const failed: CallEvent = { ...(rangOut(5) as Extract<CallEvent, { kind: 'dial_failed' }>), reason };
      const life = live([
        [5, failed],
        [500, qualified(4)],
      ]);
      expect(life.call).toMatchObject({ status: 'called', failureReason: null, answers: { location: 'Pune' } });
      expect(life.told).toEqual(['ended', 'failed', 'qualified']);
    },
  );

  test('fuller answers after the end are stored and make no second task', () => {
    const life = live([
      [4, answered(4)],
      [20, qualified(20, { location: 'Pune' })],
      [21, ended(21)],
      [22, hungUp(22)],
      [60, qualified(19, { location: 'Mumbai', budget: '4 lakh' })],
    ]);
    expect(life.call.answers).toEqual({ location: 'Pune', budget: '4 lakh' });
    expect(life.told).toEqual(['ringing', 'ended', 'qualified']);
  });

  test('a do-not-call heard after the end is kept', () => {
    const life = live([
      [4, answered(4)],
      [22, hungUp(22)],
      [112, due],
      [200, ended(22, 'callee', true)],
    ]);
    expect(life.call).toMatchObject({ status: 'failed', doNotCall: true });
  });

  test('a report without answers is none', () => {
    const life = live([
      [5, refused(5)],
      [9, qualified(9, {})],
    ]);
    expect(life.call.status).toBe('failed');
  });
});

describe('ending a leg', () => {
  test('one that outlives its agent’s last word is stopped, and looked at until it is gone', () => {
    const life = live([
      [4, answered(4)],
      [20, ended(20, 'agent')],
      [25, due],
      [25, sawAlone],
      [26, due],
      [26, sawAlone],
      [27, due],
      [27, sawNothing],
    ]);
    expect(life.done).toEqual(['look', 'stop', 'look', 'stop', 'look']);
    expect(life.call.status).toBe('calling');
    expect(seconds(life.facts.settleAt)).toBe(42);
  });

  test('one that talks to its agent is left alone when its dispatcher is gone', () => {
    const life = live([
      [3, joined(3)],
      [97, due],
      [97, sawTalking],
    ]);
    expect(life.done).toEqual(['look']);
    expect(life.facts.everAnswered).toBe(true);
    expect(seconds(life.facts.settleAt)).toBe(157);
  });

  test('one that rings beyond its limit is stopped', () => {
    expect(
      live([
        [3, joined(3)],
        [97, due],
        [97, sawRinging],
      ]).done,
    ).toEqual(['look', 'stop']);
  });

  test('one that rings within its limit is not', () => {
    expect(live([[20, sawRinging]]).done).toEqual([]);
  });

  test('one whose agent is gone gets another, but not for a moment without it; the leg ends if none comes', () => {
    const heard: Heard[] = [
      [4, answered(4)],
      [20, { kind: 'agent_left', at: at(20) }],
      [20, sawAlone],
    ];
    expect(live(heard).done).toEqual(['look']);
    expect(seconds(live(heard).facts.settleAt)).toBe(25);
    expect(live([...heard, [25, due], [25, sawTalking]]).done).toEqual(['look', 'look']);
    const alone: Heard[] = [...heard, [25, due], [25, sawAlone]];
    expect(live(alone).done).toEqual(['look', 'look', 'take_over']);
    expect(live([...alone, [35, due], [35, sawAlone]]).done).toEqual(['look', 'look', 'take_over', 'look', 'stop']);
  });

  test('the room of a stale call is ended after its row', () => {
    expect(live([[longest, due]]).done).toEqual(['stop']);
  });
});

describe('when number and slot are free', () => {
  test('where nobody saw the end, not before an unheard answer’s dead bridge is noticed, however short a provider rings', () => {
    const { call } = live([[longest, due]]);
    const sent: Dial = { sentAt: at(2), revokedAt: null, putBackReason: null };
    const short = { ...policy, providerRingMs: 4_000 };
    expect(seconds(decideRelease({ call, facts: noFacts, dial: sent }, short).numberFreeAt)).toBe(longest + 21);
    const onlyRoom = { ...noFacts, legLeftAt: at(30), legLeftReason: 'ROOM_FINISHED' };
    expect(seconds(decideRelease({ call, facts: onlyRoom, dial: sent }, short).numberFreeAt)).toBe(51);
  });

  test.for<{ name: string; heard: Heard[]; number: number | null; slot: number | null; dial?: Partial<Dial> }>([
    { name: 'not while it rings', heard: [[3, joined(3)]], number: null, slot: null },
    { name: 'with a final SIP code', heard: [[5, refused(5)]], number: 5, slot: 5 },
    {
      name: 'with the end of an answered leg, though reports may still come',
      heard: [
        [4, answered(4)],
        [22, hungUp(22)],
      ],
      number: 22,
      slot: 22,
    },
    {
      name: 'after the agent took the leg off: the number later, for the bridge may have died before',
      heard: [
        [4, answered(4)],
        [22, takenOff(22)],
      ],
      number: 43,
      slot: 22,
    },
    {
      name: 'after a ring timeout, whose CANCEL may be lost: the number later by the provider’s limit',
      heard: [
        [3, joined(3)],
        [33, rangOut(33)],
      ],
      number: 273,
      slot: 33,
    },
    {
      name: 'after a bridge died ringing: the slot too',
      heard: [
        [3, joined(3)],
        [40, leftRinging(40, 'CONNECTION_TIMEOUT')],
      ],
      number: 280,
      slot: 280,
    },
    { name: 'when nothing was ever heard', heard: [[longest, due]], number: longest + 240, slot: longest + 240 },
    {
      name: 'after a stop of ours, not before LiveKit has surely ended it',
      heard: [
        [4, answered(4)],
        [20, ended(20)],
        [25, due],
        [25, sawAlone],
        [26, hungUp(26)],
        [31, due],
      ],
      number: longest,
      slot: longest,
    },
    {
      name: 'unless looks a minute apart show the leg gone',
      heard: [
        [4, answered(4)],
        [20, ended(20)],
        [25, due],
        [25, sawAlone],
        [26, hungUp(26)],
        [31, sawNothing],
        [50, sawNothing],
        [91, sawNothing],
      ],
      number: 91,
      slot: 91,
    },
    {
      name: 'and LiveKit could be asked all the while',
      heard: [
        [4, answered(4)],
        [20, ended(20)],
        [25, due],
        [25, sawAlone],
        [26, hungUp(26)],
        [31, sawNothing],
        [50, lookFailed],
        [91, sawNothing],
      ],
      number: longest,
      slot: longest,
    },
    {
      name: 'when an answered leg was still there at its longest: later, for its bridge may just have died',
      heard: [
        [4, answered(4)],
        [longest, due],
      ],
      number: longest + 21,
      slot: longest + 21,
    },
    {
      name: 'when that leg leaves by our ending its room: as late',
      heard: [
        [4, answered(4)],
        [longest, due],
        [longest + 1, hungUp(longest + 1)],
      ],
      number: longest + 21,
      slot: longest + 21,
    },
    {
      name: 'when that leg is heard to have left before: then',
      heard: [
        [4, answered(4)],
        [longest, due],
        [longest + 1, hungUp(longest - 3)],
      ],
      number: longest - 2.5,
      slot: longest - 2.5,
    },
    {
      name: 'a dial that was taken back holds nothing',
      heard: [[20, due]],
      dial: { sentAt: null, revokedAt: at(15) },
      number: 15,
      slot: 15,
    },
    {
      name: 'a leg that comes back after it had left holds them again',
      heard: [
        [4, answered(4)],
        [22, hungUp(22)],
        [25, joined(25)],
      ],
      number: null,
      slot: null,
    },
  ])('$name', ({ heard, number, slot, dial }) => {
    const { facts } = live(heard, dial);
    expect([seconds(facts.numberFreeAt), seconds(facts.slotFreeAt)]).toEqual([number, slot]);
  });
});

describe('while agents’ reports can not be heard', () => {
  const dueHearing = (behindS: number, sinceS: number): CallEvent => ({
    kind: 'due',
    hearing: { behindMs: behindS * 1_000, sinceMs: sinceS * 1_000 },
  });
  const talk: Heard[] = [
    [4, joined(4)],
    [6, answered(6)],
    [36, hungUp(36)],
  ];
  const lastWord: Heard = [
    37,
    {
      kind: 'agent_ended',
      at: at(37),
      endedBy: 'callee',
      doNotCall: false,
      callbackAt: null,
      callbackWords: null,
      unread: [],
      disposition: null,
      language: null,
    },
  ];
  const answers: CallEvent = {
    kind: 'agent_qualified',
    at: at(30),
    mode: 'sarvam',
    answers: { budget: '8 lakh' },
    doNotCall: false,
    unread: [],
    disposition: null,
    language: null,
  };

  test.for([
    ['the durable is gone', dueHearing(200, 4_000)],
    ['NATS was away until just now', dueHearing(1, 20)],
    ['what waited is being worked off', dueHearing(60, 4_000)],
    ['they were never heard', dueHearing(Number.POSITIVE_INFINITY, 0)],
  ] as const)('%s: a talk without answers is not settled, and is asked about again soon', ([, event]) => {
    const life = live([...talk, [500, event]]);
    expect(life.call.status).toBe('calling');
    expect(life.told).not.toContain('failed');
    expect(seconds(life.facts.settleAt)).toBeGreaterThan(500);
    expect(seconds(life.facts.settleAt)).toBeLessThanOrEqual(510);
  });

  test('a report from before the call was due may be in the hands of a process that died: it is waited for', () => {
    const { settleAt } = live(talk).facts;
    const dueS = seconds(settleAt) ?? Number.NaN;
    expect(live([...talk, [dueS + 1, dueHearing(2, 4_000)]]).call.status).toBe('calling');
    expect(live([...talk, [dueS + 3, dueHearing(2, 4_000)]]).call.status).toBe('failed');
  });

  test('heard again for as long as agents may take, it is settled', () => {
    const life = live([...talk, [500, dueHearing(200, 4_000)], [640, dueHearing(1, 95)]]);
    expect(life.call).toMatchObject({ status: 'failed', failureReason: 'no_answers' });
  });

  test('answers that come meanwhile are worth the wait', () => {
    const life = live([...talk, [500, dueHearing(200, 4_000)], [600, answers], [640, dueHearing(1, 95)]]);
    expect(life.call).toMatchObject({ status: 'called', answers: { budget: '8 lakh' } });
  });

  test('an agent whose last word is here reports within seconds what it could not', () => {
    expect(live([...talk, lastWord, [100, dueHearing(1, 5)]]).call.status).toBe('calling');
    expect(live([...talk, lastWord, [100, dueHearing(1, 12)]]).call.failureReason).toBe('no_answers');
  });

  test('a call with answers, and one that nobody answered, are settled all the same', () => {
    expect(live([...talk, [40, answers], [500, dueHearing(200, 4_000)]]).call.status).toBe('called');
    const unanswered: Heard[] = [
      [4, joined(4)],
      [34, leftRinging(34, 'USER_UNAVAILABLE')],
    ];
    expect(live([...unanswered, [500, dueHearing(200, 4_000)]]).call.failureReason).toBe('unanswered');
  });
});

describe('an end that no webhook tells of', () => {
  test('is the agent’s last word, once two looks have shown the leg gone', () => {
    const heard: Heard[] = [
      [8, answered(8)],
      [40, ended(40, 'agent')],
      [45, due],
      [45, sawNothing],
    ];
    const once = live(heard);
    expect(once.call.status).toBe('calling');
    expect(seconds(once.facts.settleAt)).toBe(105);
    const twice = live([...heard, [105, due], [105, sawNothing], [106, due]]);
    expect(twice.call).toMatchObject({ status: 'failed', failureReason: 'no_answers', durationSeconds: 40 });
    expect(seconds(twice.call.endedAt)).toBe(40);
    expect(twice.done).toEqual(['look', 'look']);
    // Nothing tells whether the bridge told the phone.
    expect(seconds(twice.facts.numberFreeAt)).toBe(61);
  });

  test('settles at once with answers, and a webhook that comes after all is believed', () => {
    const heard: Heard[] = [
      [8, answered(8)],
      [30, qualified(30)],
      [40, ended(40)],
      [45, sawNothing],
      [105, sawNothing],
    ];
    expect(live(heard).call).toMatchObject({ status: 'called', durationSeconds: 40 });
    expect(live([...heard, [110, hungUp(37)]]).call.durationSeconds).toBe(38);
  });

  test('needs both: a leg that is not shown while its agent says nothing goes on', () => {
    expect(
      live([
        [8, answered(8)],
        [68, sawNothing],
        [128, sawNothing],
        [190, due],
      ]).call.status,
    ).toBe('calling');
  });

  test('is when the leg was first not shown, where it outlived its agent and we ended it', () => {
    const life = live([
      [8, answered(8)],
      [20, qualified(20)],
      [30, sawAlone],
      [36, sawAlone],
      [46, sawAlone],
      [48, sawNothing],
      [108, sawNothing],
      [120, due],
    ]);
    expect(life.done).toContain('stop');
    expect(life.call).toMatchObject({ status: 'called', durationSeconds: 48 });
  });

  test('never ends a phone that nobody is known to have answered', () => {
    expect(
      live([
        [40, ended(40)],
        [100, sawNothing],
        [160, sawNothing],
        [170, due],
      ]).call.status,
    ).toBe('calling');
  });

  test('a talk is ended at its limit, counted from the answer and looked at just then', () => {
    const life = live([
      [8, answered(8)],
      [578, sawTalking],
    ]);
    expect(seconds(life.facts.settleAt)).toBe(608);
    expect(life.done).toEqual([]);
    expect(
      live([
        [8, answered(8)],
        [607, sawTalking],
      ]).done,
    ).toEqual([]);
    expect(
      live([
        [8, answered(8)],
        [608, sawTalking],
      ]).done,
    ).toEqual(['stop']);
  });
});

describe('a talk that has lost its agent', () => {
  const leftBehind: CallEvent = { ...sawAlone, agentLeft: true };
  const talking: CallEvent = { kind: 'looked', leg: { everAnswered: true }, agentPresent: true };
  const silent = (aliveAgoMs: number): CallEvent => ({ ...talking, aliveAgoMs });
  const agentLeft = (when: number): CallEvent => ({ kind: 'agent_left', at: at(when) });

  test('gets another one at once where LiveKit has told that it left', () => {
    const life = live([
      [8, answered(8)],
      [20, agentLeft(20)],
      [20, leftBehind],
    ]);
    expect(life.done).toEqual(['look', 'take_over']);
    expect(life.effects).toContainEqual({ kind: 'look', agentLeft: true });
    expect(seconds(life.facts.settleAt)).toBe(22);
  });

  test('gets it after five seconds where a look shows nobody: an agent may be between two connections', () => {
    expect(
      live([
        [8, answered(8)],
        [20, sawAlone],
      ]).done,
    ).toEqual([]);
    expect(
      live([
        [8, answered(8)],
        [20, sawAlone],
        [24, talking],
        [30, sawAlone],
      ]).done,
    ).toEqual([]);
    expect(
      live([
        [8, answered(8)],
        [20, sawAlone],
        [25, sawAlone],
      ]).done,
    ).toEqual(['take_over']);
  });

  test('gets it at once where the agent has stopped to say that it is alive, though LiveKit still shows it', () => {
    expect(
      live([
        [8, answered(8)],
        [20, { kind: 'agent_silent' }],
      ]).done,
    ).toEqual(['look']);
    expect(
      live([
        [8, answered(8)],
        [20, silent(5_900)],
      ]).done,
    ).toEqual([]);
    const life = live([
      [8, answered(8)],
      [20, silent(6_000)],
    ]);
    expect(life.done).toEqual(['take_over']);
    expect(life.effects.at(-1)).toMatchObject({ takeover: { at: at(20), lostAt: at(14), cameAt: null } });
    // The one that was sent for says that it is there.
    const ready: CallEvent = { kind: 'agent_ready', at: at(21) };
    expect(
      live([
        [8, answered(8)],
        [20, silent(6_000)],
        [21, ready],
      ]).done,
    ).toEqual(['take_over', 'look']);
    expect(
      live([
        [8, answered(8)],
        [21, ready],
      ]).done,
    ).toEqual([]);
    // What was heard before that was the lost agent.
    const next = live([
      [8, answered(8)],
      [20, silent(6_000)],
      [22, silent(8_000)],
      [24, { kind: 'agent_silent' }],
    ]);
    expect(next.done).toEqual(['take_over', 'look']);
    expect(next.facts.takeovers).toEqual([{ at: at(20), lostAt: at(14), cameAt: at(22) }]);
  });

  test('is ended where no other comes in time, and sends for no second one meanwhile', () => {
    const lost: Heard[] = [
      [8, answered(8)],
      [20, leftBehind],
      [22, sawAlone],
      [24, { kind: 'look_failed' }],
      [29, leftBehind],
    ];
    expect(live(lost).done).toEqual(['take_over']);
    expect(live([...lost, [30, sawAlone]]).done).toEqual(['take_over', 'stop']);
  });

  test('may lose the next one too, a few times', () => {
    const lost: Heard[] = [
      [8, answered(8)],
      [20, leftBehind],
      [22, talking],
      [40, leftBehind],
      [42, talking],
    ];
    expect(live(lost).done).toEqual(['take_over', 'take_over']);
    expect(live([...lost, [60, leftBehind], [65, sawAlone]]).done).toEqual(['take_over', 'take_over', 'stop']);
  });

  test('goes on where its agent ended by a fault, and that agent’s word ends nothing', () => {
    const failed: Heard[] = [
      [8, answered(8)],
      [20, ended(20, 'error')],
      [20, sawAlone],
    ];
    expect(live(failed).done).toEqual(['look', 'take_over']);
    const saved = live([...failed, [21, talking], [26, ended(20, 'error')], [27, ended(27, 'error')], [33, talking]]);
    expect(saved.done).toEqual(['look', 'take_over', 'look', 'look']);
    const over = live([...failed, [21, talking], [60, hungUp(60)], [61, qualified(59)], [61, ended(61)]]);
    expect(over.call).toMatchObject({ status: 'called', durationSeconds: 60 });
  });

  test.each<[string, Heard[]]>([
    ['after the agent’s last word', [[18, ended(18, 'agent')]]],
    ['after a wish never to be called', [[18, ended(18, 'agent', true)]]],
    [
      'for a machine',
      [
        [
          18,
          {
            kind: 'agent_answered_by',
            at: at(18),
            category: 'voicemail',
            afterMs: null,
            detail: null,
            messageLeft: false,
            unread: [],
          },
        ],
      ],
    ],
  ])('gets no other %s', (_name, heard) => {
    expect(live([[8, answered(8)], ...heard, [20, leftBehind], [25, sawAlone]]).done).toEqual(['stop']);
  });

  test('gets no other at the end of its time', () => {
    expect(
      live([
        [8, answered(8)],
        [606, leftBehind],
        [608, sawAlone],
      ]).done,
    ).toEqual(['stop']);
  });
});
