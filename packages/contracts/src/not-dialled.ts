/** Why nothing was dialled, in words; what a dispatcher keeps in `dials.put_back_reason`, or agent_absent where an attempt was spent. */
const words: Record<string, string> = {
  agent_absent: 'no agent came',
  agent_unreachable: 'LiveKit was not reached for an agent',
  agent_refused: 'LiveKit refused the agent’s job',
  no_bridge: 'no SIP bridge',
  trunk_missing: 'trunk missing',
  trunk_login: 'the trunk refuses the login',
  refused_login: 'LiveKit refuses the key',
  unreachable: 'LiveKit was not reached',
  rate_limited: 'LiveKit limits the dials',
  no_redis: 'LiveKit has no Redis',
  no_channel: 'no channel of the trunk is free',
  account_refused: 'the trunk refuses the account',
  numbers_unknown: 'the trunk calls every number unknown',
  room_not_joined: 'the phone could not join its room',
};

/** Why an attempt's dial rang no phone; null where one may have rung. */
export function whyNotDialled(dial: { putBackReason: string | null; revokedAt: Date | string | null }): string | null {
  return dial.putBackReason ?? (dial.revokedAt === null ? null : 'agent_absent');
}

/** A put-back as people read it: "not dialled: no agent came". */
export function toNotDialledWords(because: string): string {
  return `not dialled: ${words[because] ?? because.replaceAll('_', ' ')}`;
}

/** The words of a reason for which nothing was dialled; undefined for any other. */
export function notDialledReason(reason: string): string | undefined {
  return words[reason];
}
