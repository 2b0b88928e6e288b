/**
 * Replaces what differs from run to run: an id becomes its kind and a running number, so equal ids stay equal and
 * different ids stay different; times and secrets become their field's name.
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

/** Seconds, versions (which race) and secrets: we only compare whether they are present. */
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
/** Numbered separately for rooms, participants and calls. */
const numbered = new Set([
  'creationTimeMs',
  'creation_time_ms',
  'joinedAtMs',
  'joined_at_ms',
  'sip.callTag',
  'sip.callIDFull',
]);

/**
 * Whether a field races. A participant's first update drops empty attributes, before or after its webhook. A room in a
 * webhook has its participant counts once they are not zero, and a timer of five seconds updates them.
 */
function isRaced(name: string, value: unknown): boolean {
  return (name.startsWith('sip.') && value === '') || name === 'numParticipants' || name === 'numPublishers';
}
