/** What a test call did, as its events told. */
export type TestTrace = {
  /** `refused`: no call was made. Undefined while it goes on. */
  outcome: 'qualified' | 'failed' | 'refused' | undefined;
  /** Why it failed or was refused. */
  reason: string | null;
  /** Where its seconds went, in the order of a call. A stage whose end nobody told belongs to the next one. */
  stages: { until: string; seconds: number }[];
};

type Happened = { subject: string; time: Date; data: Record<string, unknown> };

/** The moments of a call in their order, each with the words for the time before it. */
const moments: readonly { words: string; find: (all: readonly Happened[]) => number | undefined }[] = [
  { words: 'taken in', find: (all) => timeOf(all, 'lead.created') },
  { words: 'the agent was ready', find: (all) => timeOf(all, 'agent.ready') },
  { words: 'the permit, and the INVITE', find: (all) => timeOf(all, 'call.dialing') },
  { words: 'the phone rang', find: (all) => timeOf(all, 'call.ringing') },
  { words: 'it was answered', find: (all) => answeredAt(all) },
  { words: 'the talk was over', find: (all) => talkedUntil(all) },
  { words: 'the call was settled', find: (all) => timeOf(all, 'call.ended') },
];

/** Reads the events of a test call's lead, in any order and any number of them. */
export function toTestTrace(events: readonly Happened[]): TestTrace {
  const has = (subject: string): boolean => find(events, subject) !== undefined;
  const [failed, given] = [find(events, 'call.failed'), find(events, 'lead.failed')];
  const outcome =
    has('call.qualified') && has('call.ended')
      ? 'qualified'
      : given === undefined
        ? undefined
        : failed === undefined
          ? 'refused'
          : 'failed';
  const reason =
    outcome === 'qualified'
      ? undefined
      : (failed?.data['notDialled'] ?? failed?.data['reason'] ?? given?.data['reason']);
  return { outcome, reason: typeof reason === 'string' ? reason : null, stages: toStages(events) };
}

function toStages(events: readonly Happened[]): TestTrace['stages'] {
  const told = moments.flatMap(({ words, find: findMoment }) => {
    const at = findMoment(events);
    return at === undefined ? [] : [{ words, at }];
  });
  let before = told[0]?.at ?? 0;
  return told.slice(1).map(({ words, at }) => {
    // Agents have clocks of their own: a moment that seems to lie before the one before it took no time.
    const seconds = Math.max(0, at - before) / 1_000;
    before = Math.max(before, at);
    return { until: words, seconds };
  });
}

function find(events: readonly Happened[], subject: string): Happened | undefined {
  return events.find((event) => event.subject === subject);
}

function timeOf(events: readonly Happened[], subject: string): number | undefined {
  return find(events, subject)?.time.getTime();
}

/** The answer's own time; its event may come later. */
function answeredAt(events: readonly Happened[]): number | undefined {
  const answered = find(events, 'call.answered');
  const told = Date.parse(String(answered?.data['answeredAt']));
  return Number.isNaN(told) ? answered?.time.getTime() : told;
}

function talkedUntil(events: readonly Happened[]): number | undefined {
  const [from, talked] = [answeredAt(events), find(events, 'call.ended')?.data['talkSeconds']];
  return from === undefined || typeof talked !== 'number' ? undefined : from + talked * 1_000;
}
