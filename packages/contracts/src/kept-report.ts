import { z } from 'zod';
import { answeredByCategories } from './answered-by.ts';
import { dispositions } from './disposition.ts';
import { readAgentReport, type AgentReport, type FieldNote } from './to-agent-report.ts';

/** The names of unreadable fields. Their values may be personal. */
const unread = z.array(z.string()).default([]);
const keptReport = z.union([
  z.object({
    keptBy: z.string(),
    callbackAt: z.iso.datetime().nullable(),
    confirmed: z.boolean().default(false),
    doNotCall: z.boolean().default(false),
    unread,
  }),
  z.object({ answered: z.array(z.string()), doNotCall: z.boolean().default(false), unread }),
  z.object({
    endedBy: z.string().nullable(),
    doNotCall: z.boolean().default(false),
    disposition: dispositions.nullable().default(null).catch(null),
    unread,
  }),
  z.object({ answeredBy: answeredByCategories, messageLeft: z.boolean().default(false), unread }),
]);
/** The parts of an agent's report that anyone may see: the keys of the answers, but nothing that a person said. */
export type KeptReport = z.output<typeof keptReport>;

/**
 * A report as a timeline stores it: without its room, and with only the keys of its answers, because the call's row has
 * the rest.
 */
export function toKeptData(report: AgentReport, notes: readonly FieldNote[]): Record<string, unknown> {
  const fields = [...new Set(notes.filter(({ outcome }) => outcome !== 'words').map(({ field }) => field))];
  const unreadFields = fields.length === 0 ? {} : { unread: fields };
  switch (report.type) {
    case 'agent.ready':
      return unreadFields;
    case 'agent.answered_by': {
      const { category: answeredBy, afterMs, messageLeft } = report;
      return { answeredBy, afterMs, messageLeft, ...unreadFields };
    }
    case 'agent.qualified': {
      const { mode, answers, doNotCall } = report;
      return { mode, answered: Object.keys(answers), ...(doNotCall ? { doNotCall } : {}), ...unreadFields };
    }
    case 'agent.callback_requested': {
      const { callback, doNotCall } = report;
      const { at, precision, confirmed, askedBy, keptBy } = callback;
      return {
        callbackAt: at?.toISOString() ?? null,
        precision,
        confirmed,
        askedBy,
        keptBy,
        doNotCall,
        ...unreadFields,
      };
    }
    case 'agent.ended': {
      const { endedBy, doNotCall, callbackAt, disposition } = report;
      return { endedBy, doNotCall, callbackAt: callbackAt?.toISOString() ?? null, disposition, ...unreadFields };
    }
  }
}

/**
 * The parts of a report that anyone may see, from what the agent sent or from what a timeline stored; undefined if
 * neither is readable. Only the agent's form names the room.
 */
export function readKeptReport(type: string, data: Record<string, unknown>): KeptReport | undefined {
  const read = 'room' in data ? readAgentReport(type, data) : undefined;
  if (read?.ok === false) return undefined;
  const kept = keptReport.safeParse(read === undefined ? data : toKeptData(read.report, read.notes));
  return kept.success ? kept.data : undefined;
}
