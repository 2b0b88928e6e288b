const lostPackets = 'no packets are lost or cross here: a phone and the bridge see the same at once';
const crash = 'its crash is a fault here, with tests of its own in crashes.int.test.ts, and not replayed step by step';
const otherCrash = 'no fault freezes or drains a process, or takes Redis away and brings it back';
const race = 'a race within milliseconds, whose recorded runs differ; its faults come with a campaign';
const worker = 'agents come or stay away by script, and not by a worker and its load';

/** Recordings that no test compares with the simulator, each with its reason. */
export const notSimulated: Record<string, string> = {
  'answer-crosses-cancel': lostPackets,
  'answer-crosses-delete-room': lostPackets,
  'cancel-lost-late-answer': lostPackets,
  'packets-lost-then-answer': lostPackets,
  'cancel-before-provisional': lostPackets,
  'bridge-frozen-while-ringing': otherCrash,
  'client-abort-early': race,
  'answer-races-ring-timeout': race,
  'answer-races-delete-room': race,
  'stop-races-start': race,
  'same-identity-at-once': race,
  'twenty-at-once': 'a measurement of one machine; nothing here slows down with the number of calls',
  'bridge-killed': crash,
  'bridge-killed-redial': crash,
  'bridge-sigterm': otherCrash,
  'bridge-frozen': otherCrash,
  'server-killed': crash,
  'server-down-70s': crash,
  'server-killed-stop-before-rejoin': crash,
  'ghost-leg': crash,
  'server-sigterm': otherCrash,
  'server-frozen': otherCrash,
  'redis-restarted': otherCrash,
  'redis-down-at-answer': otherCrash,
  'redis-lost': crash,
  trunks: 'trunks are settings of the simulator; Leadline makes and deletes none',
  'call-ids-and-traces': 'there is no SIP message and no Redis here whose text could be looked at',
  'agent-worker-dispatch': worker,
  'agent-worker-full': worker,
  'agent-worker-late': worker,
  'agent-worker-throws': worker,
  'agent-worker-killed': worker,
};
