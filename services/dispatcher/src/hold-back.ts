import type { DialDecision } from './decide-dial.ts';
import { claimLifeMs, type Deps } from './deps.ts';
import type { ControlRow } from './read-control.ts';
import { toNextDialAt } from './to-next-dial.ts';

/**
 * The reason why no lead may be claimed now; undefined: there is none. The claim checks it before it looks at any lead,
 * and `explain` before it answers that a lead would be dialled.
 */
export function heldBack(
  { control, now, heard }: { control: ControlRow; now: Date; heard: true | number },
  deps: Pick<Deps, 'generation' | 'policy'>,
): Extract<DialDecision, { kind: 'wait' }> | undefined {
  const knowledge = deps.generation.knowledgeOf(control.generation);
  if (knowledge === 'older') return { kind: 'wait', reason: 'older_database', until: null };
  if (knowledge === 'not_compared') return { kind: 'wait', reason: 'database_not_compared', until: null };
  if (heard !== true) return { kind: 'wait', reason: 'reports_not_heard', until: null };
  // The pace may be held back for longer than a claim lives: after a restore, until the calls nobody knows have ended.
  const next = toNextDialAt(control, now);
  if (next !== null && next.getTime() > now.getTime() + claimLifeMs(deps.policy))
    return { kind: 'wait', reason: 'calls_before_restore', until: next };
  if (control.unsentDials >= maxUnsentDials(deps.policy))
    return { kind: 'wait', reason: 'dials_under_way', until: null };
  return undefined;
}

/** How many dials the pace allows while one claim waits for its agent. A claim beyond that would only be put back. */
export function maxUnsentDials(policy: { agentWaitMs: number; paceMs: number }): number {
  return Math.max(1, Math.floor(policy.agentWaitMs / policy.paceMs));
}
