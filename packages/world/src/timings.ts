import type { ServiceKey } from '@leadline/contracts/services';

/** Settings by their environment variables. */
export type Settings = Readonly<Record<string, string>>;

/**
 * How fast a world runs: settings for each service and for the simulator. `calls` applies to the dispatcher and the
 * call-tracker.
 */
export type Timings = Partial<Record<ServiceKey | 'simulator' | 'calls', Settings>>;

const shortRetries = 'unanswered=1s rejected=1s dispatch_failed=1s startup_failed=1s stale_timeout=1s no_answers=1s';

/** For a person who watches `npm start`: waits of hours are short enough to watch. */
export const human: Timings = {
  dispatcher: {
    // Two simulated phones, to try `leadline test-call`: one talks, one does not answer.
    TEST_NUMBERS: '+919000002042,+919000002480',
    CALLS_PER_SECOND: '5',
    RETRY_DELAYS:
      'unanswered=20s,40s rejected=20s,40s dispatch_failed=10s startup_failed=10s stale_timeout=20s no_answers=20s,40s',
  },
  // The simulated person who hangs up at once has talked for 0.3 s, the others for two seconds.
  callTracker: { MIN_TALK_SECONDS: '1' },
  // An invented price, so that the page has something to show.
  dashboard: { RUPEES_PER_PULSE: '0.9' },
};

/** For end-to-end tests: waits of minutes take seconds. */
export const test: Timings = {
  simulator: {
    CRM_REQUESTS_PER_MINUTE: '100000',
    SIMULATED_RING_SECONDS: '0.3',
    SIMULATED_TALK_SECONDS: '1.3',
    TIME_FACTOR: '1',
  },
  calls: { RING_SECONDS: '2', MAX_CALL_SECONDS: '20', REPORT_GRACE_SECONDS: '3' },
  dispatcher: {
    AGENT_WAIT_SECONDS: '2',
    CALLS_PER_SECOND: '50',
    MAX_CONCURRENT_CALLS: '20',
    MAX_CALL_RETRIES: '2',
    RETRY_DELAYS: shortRetries,
  },
  callTracker: { AGENT_WAIT_SECONDS: '2', MIN_TALK_SECONDS: '0.5', PROVIDER_RING_LIMIT_SECONDS: '1' },
  crmPusher: {
    CRM_REQUESTS_PER_MINUTE: '100000',
    CRM_LOOK_AGAIN_SECONDS: '2',
    CRM_LOOK_GAP_SECONDS: '1',
    CRM_SWEEP_AFTER_SECONDS: '5',
  },
};

/** For the fault campaign, beside its own policy: the same rules, and a night passes in minutes. */
export const faults: Timings = {
  simulator: { CRM_REQUESTS_PER_MINUTE: '100000', SIMULATED_RING_SECONDS: '0.3', SIMULATED_TALK_SECONDS: '0.8' },
  // Some numbers come twice on purpose, as separate leads: one has to wait until the other ends.
  ingest: { DEDUPE_DAYS: '0' },
  dispatcher: {
    AGENT_WAIT_SECONDS: '2',
    CONTACT_PAUSE_HOURS: '0.002',
    RETRY_DELAYS: shortRetries,
    PUT_BACK_SECONDS: '2',
    BREAKER_FIRST_SECONDS: '1',
    BREAKER_LONGEST_SECONDS: '3',
  },
  callTracker: { AGENT_WAIT_SECONDS: '2', MIN_TALK_SECONDS: '0.5' },
  crmPusher: {
    CRM_REQUESTS_PER_MINUTE: '100000',
    CRM_TIMEOUT_SECONDS: '2',
    CRM_LOOK_AGAIN_SECONDS: '8',
    CRM_LOOK_GAP_SECONDS: '2',
    CRM_SWEEP_AFTER_SECONDS: '5',
  },
};

/** For benchmarks: caps and pace are wide open and calls are short, so that we measure neither. */
export const bench: Timings = {
  simulator: { CRM_REQUESTS_PER_MINUTE: '1000000', SIMULATED_RING_SECONDS: '0.1', SIMULATED_TALK_SECONDS: '0.5' },
  dispatcher: { MAX_CONCURRENT_CALLS: '10000', CALLS_PER_SECOND: '1000' },
  callTracker: { MIN_TALK_SECONDS: '0.1' },
  crmPusher: { CRM_REQUESTS_PER_MINUTE: '100000' },
  dashboard: { RUPEES_PER_PULSE: '0.9' },
};

/** These timings, overridden by those. */
export function withTimings(timings: Timings, over: Timings): Timings {
  const merged: Timings = { ...timings };
  for (const name of ['ingest', 'dispatcher', 'callTracker', 'crmPusher', 'dashboard', 'simulator', 'calls'] as const)
    if (over[name] !== undefined) merged[name] = { ...timings[name], ...over[name] };
  return merged;
}
