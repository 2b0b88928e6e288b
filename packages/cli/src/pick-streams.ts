import { streams, type StreamName } from '@leadline/messaging/topology';
import { WrongUse } from './exit-codes.ts';

/** The streams with Leadline's events, without the one for JetStream's advisories. */
const eventStreams = ['LEADS', 'CALLS', 'AGENT', 'DLQ'] as const satisfies readonly StreamName[];

/**
 * The streams that hold the requested subjects, and the subjects to read there. `call` is short for `call.>`; no
 * subjects mean all.
 * @throws WrongUse naming a subject that no stream holds
 */
export function pickStreams(asked: readonly string[]): Map<StreamName, string[]> {
  const picked = new Map<StreamName, string[]>();
  for (const given of asked.length === 0 ? ['>'] : asked) {
    const pattern = /^(lead|call|agent|dlq)$/.test(given) ? `${given}.>` : given;
    if (!/^[\w$>*-]+(\.[\w$>*-]+)*$/.test(pattern))
      throw new WrongUse(`"${given}" is no subject: write call, lead.failed or "call.>", for example`);
    const before = picked.size;
    for (const name of eventStreams) {
      for (const own of streams[name].subjects) {
        const common = intersect(pattern.split('.'), own.split('.'));
        if (common !== undefined) picked.set(name, [...(picked.get(name) ?? []), common.join('.')]);
      }
    }
    if (picked.size === before && !isHeld(picked, pattern)) {
      throw new WrongUse(`no stream keeps "${given}": subjects begin with lead, call, agent or dlq`);
    }
  }
  return picked;
}

function isHeld(picked: Map<StreamName, string[]>, pattern: string): boolean {
  return [...picked.keys()].some((name) =>
    streams[name].subjects.some((own) => intersect(pattern.split('.'), own.split('.')) !== undefined),
  );
}

/** The pattern that matches what both match; undefined if there is none. */
function intersect(a: string[], b: string[]): string[] | undefined {
  const [first, ...restA] = a;
  const [second, ...restB] = b;
  if (first === undefined || second === undefined) return first === second ? [] : undefined;
  if (first === '>') return b;
  if (second === '>') return a;
  if (first !== second && first !== '*' && second !== '*') return undefined;
  const rest = intersect(restA, restB);
  return rest === undefined ? undefined : [first === '*' ? second : first, ...rest];
}
