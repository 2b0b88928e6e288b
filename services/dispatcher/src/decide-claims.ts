import { decideDial, type DialDecision, type DialFacts, type DialPolicy } from './decide-dial.ts';
import { afterOthers } from './decide-group.ts';

type Wait = Extract<DialDecision, { kind: 'wait' }>;

/** What a claim does with a lead. */
export type ClaimStep =
  | { kind: 'claim'; probe: boolean }
  | { kind: 'refuse'; reason: Extract<DialDecision, { kind: 'refuse' | 'wait' }>['reason'] }
  /** Only this lead waits: until a known time, or as long as its number is in use. */
  | { kind: 'pause' | 'tell'; wait: Wait };

/**
 * What is to be done with leads that are claimed together, in their order: each is asked about as if those before it were
 * claimed already. Ends at the first that waits for what others wait for too, and when `room` are claimed.
 */
export function decideClaims<Due extends { facts: DialFacts }>(
  due: readonly Due[],
  now: Date,
  policy: DialPolicy,
  room: number,
): { seen: Due; step: ClaimStep }[] {
  const steps: { seen: Due; step: ClaimStep }[] = [];
  const claimed: DialFacts[] = [];
  for (const seen of due) {
    if (claimed.length >= room) break;
    const decision = decideDial(afterOthers(seen.facts, claimed), now, policy);
    if (decision.kind === 'not_due') continue;
    const step = toStep(decision, seen.facts);
    if (step === undefined) break;
    if (step.kind === 'claim') claimed.push(seen.facts);
    steps.push({ seen, step });
  }
  return steps;
}

function toStep(decision: Exclude<DialDecision, { kind: 'not_due' }>, { testCall }: DialFacts): ClaimStep | undefined {
  switch (decision.kind) {
    case 'dial':
      return { kind: 'claim', probe: decision.probe };
    case 'refuse':
      return { kind: 'refuse', reason: decision.reason };
    case 'wait':
      // A test call rings at once or not at all: whoever asked for it watches now.
      if (testCall !== null) return { kind: 'refuse', reason: decision.reason };
      if (decision.reason === 'talked_recently') return { kind: 'pause', wait: decision };
      return decision.reason === 'number_in_use' || decision.reason === 'report_unheard'
        ? { kind: 'tell', wait: decision }
        : undefined;
  }
}
