import { serviceOf, type ServiceKey } from '@leadline/contracts/services';

/** A service's own Postgres role, by the service's key. */
export type Role = ServiceKey;

/** The URL of the same server and database for another role. */
export function roleUrl(url: string, role: Role, password: string): string {
  const own = new URL(url);
  own.username = serviceOf(role).role;
  own.password = password;
  return own.href;
}

/** The grants of every role: to read whether the schema is new enough. */
export const grantsOfAll: readonly string[] = ['select (name) on leadline_migrations'];

/** The grants of each role, and no more. Each migration applies them again, so that changes reach old databases too. */
export const grants: Record<Role, readonly string[]> = {
  ingest: [
    'select, insert on leads',
    // For erasing a person: what ingest itself has written. A replay rewrites a lead's description, but not its number.
    'update (name, phone, email, product_name, city, state, query_message, updated_at) on leads',
    'select, insert, update on erased_numbers',
    'select on erasure_key',
    'select (id, lead_id, status) on calls',
    'select (call_id, lead_id, decided_at) on dials',
    'select, insert, update, delete on lead_receipts, lead_origins, lead_enquiries, source_connections, source_polls, awaited_leads, ingest_outbox',
    // Nobody may change past entries.
    'select, insert on ingest_audit',
  ],
  dispatcher: [
    'select on leads, calls, call_facts, lead_origins, lead_enquiries, crm_enquiries',
    'update (status, retry_after, retry_count, failure_reason, updated_at) on leads',
    'select on report_hearing',
    'insert on calls',
    'update (name, phone, updated_at) on calls',
    'select, insert, update, delete on dials, do_not_call, dial_control, lead_waits, enquiries_heeded, callbacks, dispatcher_audit, dispatcher_outbox',
    // An erased person's call keeps only the hash of its number.
    'execute on function leadline_number_hash(text)',
    'select (id, lead_id, verdict, received_at, enquired_at, counts_from_arrival, traceparent) on lead_receipts',
    'select (id, subject, seq, created_at, published_at) on ingest_outbox, call_tracker_outbox, crm_pusher_outbox',
  ],
  callTracker: [
    'select on leads, calls, dials',
    'update (status, qualification, agent_mode, failure_reason, answered_at, call_ended_at, duration_seconds, sip_status, do_not_call, updated_at) on calls',
    'select, insert, update, delete on call_facts, call_tracker_outbox',
    'select, update on report_hearing',
  ],
  crmPusher: [
    'select on leads, calls, call_facts, lead_waits, lead_enquiries',
    'select (call_id, traceparent) on dials',
    'select (id, lead_id, verdict, received_at, enquired_at) on lead_receipts',
    'update (status, crm_task_id, updated_at) on calls',
    'select, insert, update, delete on crm_pushes, crm_enquiries, crm_pusher_outbox',
  ],
  dashboard: [
    'select on leads, calls, dials, do_not_call, dial_control, lead_waits, callbacks, dispatcher_audit, call_facts, crm_pushes, crm_enquiries, lead_receipts, lead_origins, lead_enquiries, source_polls, odd_steps',
    // The named lead, but not the notification that named it.
    'select (connection_id, received_at, last_error, done_at, given_up_at) on awaited_leads',
    // All columns but hashes and secrets.
    'select (id, source, agent_mode, enabled, requests_per_minute, most_body_bytes, created_at, changed_at) on source_connections',
    'select, delete on call_changes, call_changes_dropped',
    'select, insert, update, delete on dashboard_builds, call_minutes, minutes_daily, lead_progress, funnel_daily, speed_daily, reached_daily, lead_events',
    'select, insert, update, delete on dashboard_users, dashboard_sessions, dashboard_login_failures, dashboard_redrives',
    // Nobody may change past entries.
    'select, insert on dashboard_audit',
  ],
};

/** The tables whose ids a role takes from their sequence, whatever its name in an adopted database. */
export const sequencesOf: Record<Role, readonly string[]> = {
  ingest: ['leads', 'ingest_audit'],
  dispatcher: ['calls', 'do_not_call', 'callbacks', 'dispatcher_audit'],
  callTracker: [],
  crmPusher: [],
  dashboard: [],
};
