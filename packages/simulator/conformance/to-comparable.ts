/**
 * A recording or an observation without what differs from run to run: ids become their kind and the order in which they
 * were first seen, so that one id in two places must be one id in both; times and secrets become their names.
 */
export function toComparable(value: unknown): unknown {
  const seen = new Map<string, string>();
  const nth = (kind: string, id: string): string => {
    const key = `${kind} ${id}`;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const count = [...seen.keys()].filter((name) => name.startsWith(`${kind} `)).length;
    const name = `<${kind} ${count + 1}>`;
    seen.set(key, name);
    return name;
  };
  const compare = (given: unknown, key: string): unknown => {
    if (Array.isArray(given)) return given.map((item) => compare(item, key));
    if (typeof given === 'object' && given !== null) {
      const kept = Object.entries(given).filter(([name, inner]) => !isRaced(name, inner));
      return Object.fromEntries(kept.map(([name, inner]) => [name, compare(inner, name)]));
    }
    if (names.has(key)) return `<${key}>`;
    if (typeof given !== 'string') return given;
    if (numbered.has(key)) return nth(key, given);
    const id = /^(RM|PA|TR|EV|SCL|AD|ST)_\w+$/.exec(given)?.[1];
    if (id !== undefined) return nth(id, given);
    return given.startsWith('agent-') ? nth('agent', given) : given;
  };
  return compare(value, '');
}

/** Seconds, versions (which race) and secrets: only their being there is compared. */
const names = new Set([
  'atMs',
  'createdAt',
  'created_at',
  'creationTime',
  'creation_time',
  'joinedAt',
  'joined_at',
  'turnPassword',
  'turn_password',
  'unixMicro',
  'unix_micro',
  'version',
  'mid',
]);
/** One for each room, participant or call. */
const numbered = new Set([
  'creationTimeMs',
  'creation_time_ms',
  'joinedAtMs',
  'joined_at_ms',
  'sip.callTag',
  'sip.callIDFull',
]);

/**
 * The first update of a participant drops attributes that are empty, which may be before its webhook or after. A webhook's
 * room has its numbers of people when they are not zero, and a clock of five seconds brings them up to date.
 */
function isRaced(name: string, value: unknown): boolean {
  return (name.startsWith('sip.') && value === '') || name === 'numParticipants' || name === 'numPublishers';
}
