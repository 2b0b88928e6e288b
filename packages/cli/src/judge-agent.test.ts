import { expect, test } from 'vitest';
import { judgeAgent, type AgentTrial } from './judge-agent.ts';

const missing: AgentTrial = {
  agentName: 'ours',
  cameAfterMs: null,
  waitedMs: 10_000,
  isTaken: false,
  busyIn: 0,
  strangers: [],
  isUnnamedThere: false,
};

test.for<[string, Partial<AgentTrial>, verdict: string, found: RegExp]>([
  ['that came', { cameAfterMs: 600 }, 'good', /ours came after 0\.6 s/],
  ['whose worker took the job', { isTaken: true, busyIn: 3 }, 'bad', /its worker took the job/],
  ['that is busy elsewhere', { busyIn: 1 }, 'bad', /in 1 other room: its worker runs .* full/],
  ['beside an unnamed worker', { isUnnamedThere: true }, 'bad', /a worker without a name runs/],
  ['of which nothing is known', {}, 'bad', /no room shows an agent of that name/],
])('an agent %s', ([, given, verdict, found]) => {
  const [finding] = judgeAgent({ ...missing, ...given });
  expect([finding?.verdict, finding?.found]).toEqual([verdict, expect.stringMatching(found)]);
});

test('an unnamed worker beside ours is worth a note, and a stranger in our room is bad', () => {
  const findings = judgeAgent({ ...missing, cameAfterMs: 600, isUnnamedThere: true, strangers: ['other'] });
  expect(findings.map(({ about, verdict }) => `${about}: ${verdict}`)).toEqual([
    'agent: good',
    'unnamed worker: note',
    'agent: bad',
  ]);
});
