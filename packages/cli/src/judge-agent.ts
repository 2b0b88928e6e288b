import { bad, good, note, type Finding } from './finding.ts';

/** What became of a job that was sent to the agent, in a room without a phone. */
export type AgentTrial = {
  agentName: string;
  /** Null: no agent of that name was there after `waitedMs`. */
  cameAfterMs: number | null;
  waitedMs: number;
  /** LiveKit says that a worker took the job. It says so up to 5 s later. */
  isTaken: boolean;
  /** In how many other rooms an agent of that name is now. */
  busyIn: number;
  /** The names of other agents that came into this room. */
  strangers: string[];
  /** A worker without a name came into a room that was made without an agent. */
  isUnnamedThere: boolean;
};

/**
 * What is known of the agent's workers. LiveKit answers the same for a worker that is full and for one that is not there
 * (server 1.13.5): only a room in which the agent works shows that it runs.
 */
export function judgeAgent(trial: AgentTrial): Finding[] {
  return [judgeOurs(trial), ...judgeUnnamed(trial), ...judgeStrangers(trial)];
}

function judgeOurs({ agentName, cameAfterMs, waitedMs, isTaken, busyIn, isUnnamedThere }: AgentTrial): Finding {
  if (cameAfterMs !== null) return good('agent', `${agentName} came after ${toSeconds(cameAfterMs)} s`);
  const late = `${agentName} did not come within ${toSeconds(waitedMs)} s`;
  if (isTaken)
    return bad(
      'agent',
      `${late}, though its worker took the job`,
      'its processes start too slowly, or fail: see the worker’s log, keep idle processes (num_idle_processes); AGENT_WAIT_SECONDS last',
    );
  if (busyIn > 0)
    return bad(
      'agent',
      `${late}, and is in ${busyIn} other ${busyIn === 1 ? 'room' : 'rooms'}: its worker runs and takes no job, so it is full or being stopped`,
      'start more workers, or raise both load limits: the worker’s load_fnc and the server’s agents.target_load',
    );
  if (isUnnamedThere)
    return bad('agent', `${late}, and a worker without a name runs`, `give that worker the name ${agentName}`);
  return bad(
    'agent',
    `${late}, and no room shows an agent of that name`,
    'start its worker, with the name AGENT_NAME; if it runs, it is full, which LiveKit does not tell (docs/operate/livekit.md)',
  );
}

function judgeUnnamed({ cameAfterMs, isUnnamedThere }: AgentTrial): Finding[] {
  if (!isUnnamedThere || cameAfterMs === null) return [];
  return [
    note(
      'unnamed worker',
      'a worker without a name runs; LiveKit sends it to rooms that are none of its business',
      'give it a name of its own; our rooms keep it out, but a second agent lets it in, and then it is taken out',
    ),
  ];
}

function judgeStrangers({ strangers }: AgentTrial): Finding[] {
  return strangers.map((name) =>
    bad(
      'agent',
      name === '' ? 'an agent without a name came into the room' : `an agent named ${name} came into the room`,
      'give that worker a name of its own: LiveKit sends a worker without one to every room',
    ),
  );
}

function toSeconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
