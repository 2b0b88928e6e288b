import { defineEntity, p } from '@mikro-orm/core';

/** An attempt to talk to a lead. The columns up to `updatedAt` are a contract with other tools; the rest is ours. */
export const Call = defineEntity({
  name: 'Call',
  tableName: 'calls',
  properties: {
    id: p.integer().primary().autoincrement(),
    leadId: p.integer().fieldName('lead_id').nullable(),
    name: p.text().nullable(),
    phone: p.text(),
    source: p.text().nullable(),
    qualification: p.json<Record<string, string>>().nullable(),
    status: p.text().default('calling'),
    failureReason: p.text().fieldName('failure_reason').nullable(),
    callRoom: p.text().fieldName('call_room').nullable(),
    callStartedAt: p.datetime().fieldName('call_started_at').defaultRaw('now()'),
    callEndedAt: p.datetime().fieldName('call_ended_at').nullable(),
    durationSeconds: p.integer().fieldName('duration_seconds').nullable(),
    createdAt: p.datetime().fieldName('created_at').defaultRaw('now()'),
    updatedAt: p.datetime().fieldName('updated_at').defaultRaw('now()'),
    /** Null: a call of the old program. */
    attempt: p.integer().nullable(),
    agentMode: p.text().fieldName('agent_mode').nullable(),
    answeredAt: p.datetime().fieldName('answered_at').nullable(),
    sipStatus: p.integer().fieldName('sip_status').nullable(),
    doNotCall: p.boolean().fieldName('do_not_call').nullable(),
    crmTaskId: p.text().fieldName('crm_task_id').nullable(),
  },
});
