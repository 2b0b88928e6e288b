import type { PublishingService } from './services.ts';

/** The events that each service publishes through its outbox. NATS permissions keep all others from publishing them. */
export const publishes: Record<PublishingService, readonly string[]> = {
  ingest: ['lead.created', 'lead.enquiry_added'],
  dispatcher: [
    'lead.dispatched',
    'lead.retry_scheduled',
    'lead.postponed',
    'lead.failed',
    'lead.callback_promised',
    'lead.callback_moved',
    'lead.callback_closed',
    'call.dialing',
    'call.answered',
    'call.dial_failed',
  ],
  'call-tracker': ['call.ringing', 'call.qualified', 'call.failed', 'call.ended'],
  'crm-pusher': ['call.pushed', 'call.push_failed'],
};

/** What voice agents report of a call. It is stored. */
export const agentSubjects = [
  'agent.ready',
  'agent.answered_by',
  'agent.qualified',
  'agent.callback_requested',
  'agent.ended',
] as const;

/** An agent's sign of life, heard by whoever listens just then. */
export const agentAliveSubject = 'agent.alive';

/** All subjects of voice agents. Their login may publish nothing else. */
export const allAgentSubjects = [...agentSubjects, agentAliveSubject] as const;

/** The publisher of an event, in words for the documents. */
export function publisherOf(type: string): string {
  if (allAgentSubjects.some((subject) => subject === type)) return 'voice agent';
  const found = Object.entries(publishes).find(([, types]) => types.includes(type));
  if (found === undefined) throw new Error(`nobody publishes ${type}`);
  return found[0];
}
