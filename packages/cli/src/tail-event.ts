/** An event of the streams, with what we know about the call's lead. */
export type TailEvent = {
  stream: string;
  seq: number;
  /** Its id in the streams and in the outbox. */
  id: string | null;
  subject: string;
  /** The event's own time, else the time of storage. */
  time: Date;
  storedAt: Date;
  leadId: number | null;
  callId: number | null;
  source: string | null;
  data: Record<string, unknown>;
  /** For a dead letter: the durable, and why it gave up. */
  letter: { durable: string; subject: string; reason: string } | null;
};

type Stored = {
  stream: string;
  seq: number;
  subject: string;
  at: Date;
  payload: unknown;
  header(name: string): string | undefined;
};

const maxRooms = 50_000;

/**
 * Reads events in stream order. An agent's report names only its room; the call's own events say which call that is,
 * and the reader remembers the newest `kept` of them.
 */
export function openEventReader(
  isKept: (about: { leadId: number | null; source: string | null }) => boolean = () => true,
): (stored: Stored) => TailEvent {
  const rooms = new Map<string, { leadId: number | null; source: string | null }>();
  return (stored) => {
    const data = isRecord(stored.payload) ? stored.payload : {};
    const { leadId, callId, source, room } = readAbout(data);
    if (room !== undefined && stored.subject.startsWith('call.') && isKept({ leadId, source })) {
      rooms.delete(room);
      rooms.set(room, { leadId, source });
      if (rooms.size > maxRooms) rooms.delete(rooms.keys().next().value ?? '');
    }
    const ids = room === undefined ? undefined : rooms.get(room);
    const publishedAt = new Date(stored.header('ce-time') ?? Number.NaN);
    return {
      stream: stored.stream,
      seq: stored.seq,
      id: stored.header('ce-id') ?? null,
      subject: stored.subject,
      time: Number.isNaN(publishedAt.getTime()) ? stored.at : publishedAt,
      storedAt: stored.at,
      leadId: leadId ?? ids?.leadId ?? null,
      callId: callId ?? callIdOf(room),
      source: source ?? ids?.source ?? null,
      data,
      letter: stored.subject.startsWith('dlq.') ? letterOf(stored) : null,
    };
  };
}

/** Failures of calls, leads and pushes, and all dead letters. */
export function isFailure({ subject, stream }: TailEvent): boolean {
  return stream === 'DLQ' || failures.has(subject);
}

const failures = new Set(['call.failed', 'call.dial_failed', 'call.push_failed', 'lead.failed']);

function letterOf(stored: Stored): TailEvent['letter'] {
  const durable = stored.header('leadline-durable');
  if (durable === undefined) return null;
  return {
    durable,
    subject: stored.header('leadline-subject') ?? 'unknown',
    reason: stored.header('leadline-reason') ?? 'no reason given',
  };
}

function callIdOf(room: string | undefined): number | null {
  const id = /^call-(\d{1,9})-/.exec(room ?? '')?.[1];
  return id === undefined ? null : Number(id);
}

/** Written by hand: a schema would take a third of the time for a line. */
function readAbout(data: Record<string, unknown>): {
  leadId: number | null;
  callId: number | null;
  source: string | null;
  room: string | undefined;
} {
  const { leadId, callId, source, room } = data;
  return {
    leadId: typeof leadId === 'number' ? leadId : null,
    callId: typeof callId === 'number' ? callId : null,
    source: typeof source === 'string' ? source : null,
    room: typeof room === 'string' ? room : undefined,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
