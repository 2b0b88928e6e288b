import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCallWindow } from './call-window.ts';
import { decideClaims } from './decide-claims.ts';
import { decideDial, mayRing, type DialFacts } from './decide-dial.ts';
import { decidePermits, permittedAheadMs, type PermitAsked } from './decide-permits.ts';

const noon = new Date('2026-11-24T12:00:00+05:30');
const policy = {
  window: parseCallWindow('mon-sat 09:30-19:00'),
  closingDispositions: [],
  testNumbers: [],
  maxConcurrentCalls: 3,
  maxLeadAgeDays: 7,
  contactPauseMs: 0,
  promiseToleranceMs: 300_000,
  ringSeconds: 30,
  latestInviteMs: 65_000,
};

/** The rows that a group meets, as a model of them: what each of its members sees is derived from it. */
type World = { slotsInUse: number; inUse: Set<string> };

/** Few numbers and few slots, so that members stand in each other's way. */
type Member = { phone: string; doNotCall: boolean; status: string; isUnsent: boolean };
const member: fc.Arbitrary<Member> = fc.record({
  phone: fc.constantFrom('+919000000001', '+919000000002', '+919000000003', '+919000000004'),
  doNotCall: fc.constantFrom(false, false, false, true),
  status: fc.constantFrom('new', 'new', 'new', 'dispatched'),
  isUnsent: fc.constantFrom(true, true, true, false),
});

const toFacts = ({ phone, doNotCall, status }: Member, { slotsInUse, inUse }: World): DialFacts => ({
  lead: { status, retryAfter: null, enquiredAt: noon, askedAgainAt: null, lastEnquiryAt: null },
  promise: null,
  isTest: false,
  testCall: null,
  dndFlag: false,
  phone,
  hasUndecidedCall: false,
  hasAnswers: false,
  doNotCall,
  disposition: null,
  talkedAt: null,
  unheardReport: false,
  numberInUse: inUse.has(phone) ? { until: null } : undefined,
  slotsInUse,
  control: { stopped: false, breakerOpenUntil: null, breakerTripped: false, probedAt: null },
});

const worlds = fc.record({
  slotsInUse: fc.nat(4),
  inUse: fc.subarray(['+919000000001', '+919000000002']).map((phones) => new Set(phones)),
});

test('a group is permitted as its members would be one after the other, each seeing what those before it took', () => {
  fc.assert(
    fc.property(
      fc.array(member, { maxLength: 8 }),
      worlds,
      fc.constantFrom(0, 1, 30, 50, 400),
      fc.constantFrom(-5_000, 0, 7, 90, 300),
      (members, before, paceMs, dueInMs) => {
        const toAsked = (one: Member, world: World): PermitAsked => ({
          probe: false,
          seen: { facts: toFacts(one, world), isUnsent: one.isUnsent },
        });
        const together = decidePermits(
          members.map((one) => toAsked(one, before)),
          { nextDialAt: new Date(noon.getTime() + dueInMs) },
          noon,
          { ...policy, paceMs },
        );
        const world: World = { slotsInUse: before.slotsInUse, inUse: new Set(before.inUse) };
        let nextDialAt = new Date(noon.getTime() + dueInMs);
        const leaveAt: number[] = [];
        for (const [n, one] of members.entries()) {
          const [alone] = decidePermits([toAsked(one, world)], { nextDialAt }, noon, { ...policy, paceMs });
          const { kind, ...why } = together[n] ?? { kind: 'none' };
          expect(kind).toBe(alone?.kind);
          expect('reason' in why ? why.reason : undefined).toBe(
            alone !== undefined && 'reason' in alone ? alone.reason : undefined,
          );
          if (together[n]?.kind !== 'permit') continue;
          expect(together[n]).toEqual(alone);
          world.slotsInUse++;
          world.inUse.add(one.phone);
          leaveAt.push(together[n].afterMs);
          nextDialAt = new Date(noon.getTime() + together[n].afterMs + paceMs);
        }
        expect(world.slotsInUse).toBeLessThanOrEqual(Math.max(before.slotsInUse, policy.maxConcurrentCalls));
        // Strict: none leaves before the pace has come, nor sooner than one step after the one before it.
        expect(leaveAt.every((ms) => ms >= dueInMs && ms >= 0 && ms <= (paceMs < 50 ? permittedAheadMs : 0))).toBe(
          true,
        );
        expect(leaveAt.every((ms, n) => n === 0 || ms - (leaveAt[n - 1] ?? 0) >= paceMs)).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('those who wait for the pace come back one by one, none before it, and none much later', () => {
  const free: Member = { phone: '', doNotCall: false, status: 'new', isUnsent: true };
  const asked = Array.from({ length: 60 }, (_, n) => ({
    probe: false,
    seen: {
      facts: toFacts({ ...free, phone: `+9190000000${n + 10}` }, { slotsInUse: 0, inUse: new Set() }),
      isUnsent: true,
    },
  }));
  const verdicts = decidePermits(asked, { nextDialAt: null }, noon, {
    ...policy,
    maxConcurrentCalls: 100,
    paceMs: 40,
  });
  expect(verdicts.slice(0, 3)).toEqual([0, 40, 80].map((afterMs) => ({ kind: 'permit', afterMs })));
  const afterMs = verdicts.slice(3).map((verdict) => (verdict.kind === 'ask_again' ? verdict.afterMs : Number.NaN));
  // Each comes back as it may be permitted for its time, if those before it were.
  expect(afterMs.slice(0, 3)).toEqual([20, 60, 100]);
  expect(Math.max(...afterMs)).toBe(270);
});

test('a group of leads is claimed as they would be one after the other', () => {
  fc.assert(
    fc.property(fc.array(member, { maxLength: 8 }), worlds, fc.nat(8), (members, before, room) => {
      const due = members.map((one) => ({ one, facts: toFacts(one, before) }));
      const steps = new Map(
        decideClaims(due, noon, policy, room).map(({ seen, step }) => [seen.one, step.kind] as const),
      );
      const world: World = { slotsInUse: before.slotsInUse, inUse: new Set(before.inUse) };
      let claimed = 0;
      for (const one of members) {
        if (claimed >= room) {
          expect(steps.has(one)).toBe(false);
          continue;
        }
        const alone = decideDial(toFacts(one, world), noon, policy);
        if (alone.kind === 'wait' && alone.reason === 'no_free_slot') {
          // What all wait for ends the group.
          expect([...steps.keys()]).not.toContain(one);
          break;
        }
        const expected = { dial: 'claim', refuse: 'refuse', wait: 'tell', not_due: undefined }[alone.kind];
        expect(steps.get(one)).toBe(expected);
        if (alone.kind !== 'dial') continue;
        claimed++;
        world.slotsInUse++;
        world.inUse.add(one.phone);
      }
      expect(claimed).toBeLessThanOrEqual(Math.max(0, policy.maxConcurrentCalls - before.slotsInUse));
    }),
    { numRuns: 2_000 },
  );
});

test('the property tells a group that counts its members as they were before it', () => {
  const before: World = { slotsInUse: 2, inUse: new Set() };
  const facts = ['+919000000001', '+919000000002'].map((phone) =>
    toFacts({ phone, doNotCall: false, status: 'new', isUnsent: true }, before),
  );
  // Each by itself may ring; together one may.
  expect(facts.map((one) => mayRing(one, noon, policy).kind)).toEqual(['dial', 'dial']);
  const asked = facts.map((one) => ({ probe: false, seen: { facts: one, isUnsent: true } }));
  const verdicts = decidePermits(asked, { nextDialAt: null }, noon, { ...policy, paceMs: 0 });
  expect(verdicts).toEqual([
    { kind: 'permit', afterMs: 0 },
    { kind: 'ask_again', reason: 'no_free_slot', afterMs: 250 },
  ]);
});
