import type { Outcome } from './outcome.ts';

export type SettlementDecision =
  | { kind: 'ack' }
  | { kind: 'retry'; delayMs: number }
  | { kind: 'dead_letter'; because: string };

/** After this many failures of its own handling, a message becomes a dead letter. */
export const maxFaults = 8;

/**
 * `faults` counts how often the message itself was to blame, this time included. `random` from 0 to 1 spreads retries.
 */
export function decideSettlement(
  outcome: Outcome,
  faults: number,
  deliveries: number,
  random: number,
): SettlementDecision {
  switch (outcome.kind) {
    case 'done':
      return { kind: 'ack' };
    case 'reject':
      return { kind: 'dead_letter', because: outcome.because };
    case 'later':
      if (outcome.blame === 'message' && faults >= maxFaults) return { kind: 'dead_letter', because: outcome.because };
      return { kind: 'retry', delayMs: outcome.delayMs ?? retryDelayMs(deliveries, random) };
  }
}

/** 2 s doubling to 10 minutes, each between half and whole. */
export function retryDelayMs(deliveries: number, random: number): number {
  return Math.round(Math.min(600_000, 2_000 * 2 ** Math.min(deliveries - 1, 20)) * (0.5 + random / 2));
}
