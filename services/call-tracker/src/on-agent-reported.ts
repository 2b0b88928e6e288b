import { agentSubjects } from '@leadline/contracts/publishers';
import { isRehearsalRoom } from '@leadline/contracts/room-name';
import { unknownKeys } from '@leadline/contracts/qualification';
import { readAgentReport, type AgentReport, type FieldNote } from '@leadline/contracts/to-agent-report';
import { blameFor } from '@leadline/messaging/blame';
import { on, type Handler } from '@leadline/messaging/consume';
import { done, reject } from '@leadline/messaging/outcome';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { holdNumber } from './hold-numbers.ts';
import type { AgentEvent } from './learn-report.ts';
import { trackRoom } from './track-call.ts';

/** The voice agent's reports over NATS. A report for a room without a call becomes a dead letter. */
export function onAgentReported(deps: Deps): Handler[] {
  return agentSubjects.map((type) =>
    on({ type, schema: z.unknown() }, async ({ data, time, timeUnreadable }) => {
      const read = readAgentReport(type, data);
      if (!read.ok) return reject(`malformed: ${read.faults.map(({ pointer }) => pointer.slice(1)).join(', ')}`);
      const { report } = read;
      const notes = timeUnreadable ? [...read.notes, unreadableTime('ce-time')] : read.notes;
      const outcome = await trackReport({ report, notes, at: time }, deps);
      return outcome === 'unknown' ? reject('unknown_room') : done;
    }),
  );
}

/** A parsed report, and when it was made. */
export type HeardReport = { report: AgentReport; notes: readonly FieldNote[]; at: Date };

/** The one way of a report, whether it came over NATS or HTTP. One of a rehearsal is heard, and changes nothing. */
export async function trackReport(heard: HeardReport, deps: Deps): Promise<'tracked' | 'unknown'> {
  const { report, notes } = heard;
  if (isRehearsalRoom(report.room)) {
    deps.metrics.inputs.inc({ kind: report.type, outcome: 'rehearsal' });
    return 'tracked';
  }
  const outcome = await trackOrHold(heard, deps);
  if (outcome === 'unknown') {
    deps.metrics.inputs.inc({ kind: report.type, outcome: 'unknown_room' });
    return outcome;
  }
  for (const { field, outcome: became } of notes) deps.metrics.reportFields.inc({ field, outcome: became });
  for (const note of notes) if (note.field === 'time') deps.metrics.outsideTimes.inc({ from: 'agent' });
  if (report.type === 'agent.qualified' && report.mode !== null) {
    deps.metrics.unknownAnswerKeys.inc({ mode: report.mode }, unknownKeys(report.mode, report.answers).length);
  }
  const unread = notes.map(({ field, outcome: became }) => `${field} ${became}`);
  if (unread.length > 0)
    deps.log.warn({ room: report.room, type: report.type, unread }, 'a report could not be read in full');
  return outcome;
}

/** A last report that fails may hold a wish, so we hold the number until it is handled or an operator has decided on it. */
async function trackOrHold(heard: HeardReport, deps: Deps): Promise<'tracked' | 'unknown'> {
  const { report } = heard;
  if (report.type !== 'agent.ended') return trackRoom(report.room, toAgentEvent(heard), deps);
  try {
    return await trackRoom(report.room, toAgentEvent(heard), deps);
  } catch (error) {
    if (blameFor(error) === 'message') await holdNumber(report.room, deps);
    throw error;
  }
}

/** @param pointer the name under which the agent sent it */
export function unreadableTime(pointer: string): FieldNote {
  return { field: 'time', pointer, outcome: 'dropped', detail: 'no time of 2000 to 2099 in ISO 8601; counts as none' };
}

function toAgentEvent({ report, notes, at }: HeardReport): AgentEvent {
  const unread = [...new Set(notes.filter(({ outcome }) => outcome !== 'words').map(({ field }) => field))];
  switch (report.type) {
    case 'agent.ready':
      return { kind: 'agent_ready', at };
    case 'agent.answered_by': {
      const { category, afterMs, detail, messageLeft } = report;
      return { kind: 'agent_answered_by', at, category, afterMs, detail, messageLeft, unread };
    }
    case 'agent.qualified': {
      const { mode, answers, doNotCall, disposition, language } = report;
      return { kind: 'agent_qualified', at, mode, answers, doNotCall, disposition, language, unread };
    }
    case 'agent.callback_requested': {
      const { callback, doNotCall } = report;
      return { kind: 'agent_callback', at, callback, doNotCall, unread };
    }
    case 'agent.ended': {
      const { endedBy, doNotCall, callbackAt, callbackWords, disposition, language } = report;
      return { kind: 'agent_ended', at, endedBy, doNotCall, callbackAt, callbackWords, disposition, language, unread };
    }
  }
}
