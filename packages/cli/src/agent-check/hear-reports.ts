import { readAgentReport, type AgentReport } from '@leadline/contracts/to-agent-report';
import type { Nats } from '@leadline/messaging/connect';
import { readEnds, tail } from '@leadline/messaging/tail';

/** One report, or what could not be read of it. */
export type Heard = { at: Date; type: string; report: AgentReport | undefined };

export type Reports = {
  /** What was heard on this room so far, in the order of storage. */
  of(room: string): readonly Heard[];
  stop(): Promise<void>;
};

/** Hears all agents' reports from now on. */
export async function hearReports(nats: Nats): Promise<Reports> {
  const heard = new Map<string, Heard[]>();
  const { last } = await readEnds(nats, 'AGENT');
  const hearing = tail(nats, 'AGENT', { after: last }, ({ subject, at, payload }) => {
    const room = toRoom(payload);
    const read = readAgentReport(subject, payload);
    heard.set(room, [...(heard.get(room) ?? []), { at, type: subject, report: read.ok ? read.report : undefined }]);
  });
  return { of: (room) => heard.get(room) ?? [], stop: () => hearing.stop() };
}

function toRoom(payload: unknown): string {
  const isNamed = typeof payload === 'object' && payload !== null && 'room' in payload;
  return isNamed && typeof payload.room === 'string' ? payload.room : '';
}
