import type { EndedBy } from '@leadline/contracts/to-agent-report';

/** What became of the last word. */
export type EndFacts = {
  /** How many different times the agent said that the call ended. */
  count: number;
  /** After the end of the call; undefined if it was never heard. */
  afterMs: number | undefined;
  endedBy: EndedBy | null;
  doNotCall: boolean;
};

/** What was seen of one agent in its calls; each part is undefined if that call could not be played. */
export type CheckFacts = {
  agentName: string;
  waitSeconds: number;
  /** The names of the agents that came into a room that nobody had sent one to; empty for a worker without a name. */
  uninvited: readonly string[];
  /** In ms, until the agent of that name was in its room; undefined if it never came. */
  comesMs: number | undefined;
  /** Other agents in that room. */
  strangers: readonly string[];
  readyHeard: boolean;
  talk: undefined | TalkFacts;
  refusal: undefined | RefusalFacts;
  callback: undefined | { askedMs: number | undefined; isReadable: boolean };
  unanswered: undefined | { reports: readonly string[]; leavesMs: number | undefined };
};

export type TalkFacts = {
  /** Reports, but `agent.ready`, before anybody answered. */
  early: readonly string[];
  spokeEarly: boolean;
  /** Speech after the answer; the scripted agents may be silent. */
  spoke: boolean;
  /** From the person's words to the report with them, while they were on the line. */
  learntMs: number | undefined;
  endedInLoss: boolean;
  leftInLoss: boolean;
  /** The same after the phone's connection was lost. */
  learntAgainMs: number | undefined;
  end: EndFacts;
  leavesMs: number | undefined;
  unreadable: number;
};

export type RefusalFacts = {
  /** Until a report held the wish. */
  wishMs: number | undefined;
  /** Until the agent had taken the phone off. */
  hungUpMs: number | undefined;
  end: EndFacts;
};
