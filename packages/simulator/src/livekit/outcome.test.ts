import { describe, expect, test } from 'vitest';
import { modeOf, toOutcome } from './outcome.ts';

describe('the last three digits choose what happens', () => {
  test.for([486, 603, 480, 408, 404, 503])('%i is refused with that SIP code', (sipCode) => {
    expect(toOutcome(`+919000100${sipCode}`)).toMatchObject({ callee: 'refuses', sipCode });
  });

  test.for([
    { digits: '180', what: 'rings until cancelled', outcome: { callee: 'rings' } },
    { digits: '201', what: 'answers and hangs up at once', outcome: { callee: 'answers', talkMs: 300 } },
    { digits: '222', what: 'the agent never comes', outcome: { callee: 'answers', agent: { does: 'absent' } } },
    { digits: '233', what: 'the agent dies in mid-call', outcome: { talkMs: null, agent: { does: 'dies' } } },
    { digits: '244', what: 'asks never to be called again', outcome: { agent: { doNotCall: true, reports: [] } } },
    { digits: '100', what: 'is qualified', outcome: { callee: 'answers', agent: { does: 'talks' } } },
  ])('$digits $what', ({ digits, outcome }) => {
    expect(toOutcome(`+919000100${digits}`)).toMatchObject(outcome);
  });

  test('204 talks and says nothing useful', () => {
    const [report, ...more] = toOutcome('+919000100204').agent.reports ?? [];
    expect(more).toEqual([]);
    expect(Object.values(report?.answers ?? {}).filter(Boolean)).toEqual([]);
  });

  test('255 is qualified twice: the fuller report comes first and is the later one', () => {
    const [fuller, other] = toOutcome('+919000100255').agent.reports ?? [];
    expect(Object.keys(fuller?.answers ?? {}).length).toBeGreaterThan(Object.keys(other?.answers ?? {}).length);
    expect(fuller?.afterMs).toBeLessThan(other?.afterMs ?? 0);
    expect(fuller?.timeShiftMs).toBeGreaterThan(other?.timeShiftMs ?? 0);
  });
});

test.for([
  { number: '+919000100100', mode: 'sarvam' },
  { number: '+919000101100', mode: 'openai_realtime' },
  { number: '+919000102486', mode: 'sarvam' },
  { number: '+919000109255', mode: 'openai_realtime' },
])('$number is talked to in mode $mode, by its fourth last digit', ({ number, mode }) => {
  expect(modeOf(number)).toBe(mode);
});
