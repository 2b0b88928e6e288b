import { Migration } from '@mikro-orm/migrations';

/** The dashboard's own tables: its read model, and who may look at it. */
export class Dashboard extends Migration {
  override up(): void {
    for (const statement of [...builds, ...minutes, ...funnel, ...events, ...people]) this.addSql(statement);
  }
}

/** The read model is built in generations: a new one grows beside the one that pages are served from. */
const builds = [
  `create table if not exists dashboard_builds (
     generation int primary key, state text not null check (state in ('building', 'serving')),
     pulse_seconds int not null, started_at timestamptz not null default clock_timestamp(), finished_at timestamptz,
     calls_read_to int not null default 0, leads_read_to int not null default 0, events_read int not null default 0)`,
  `create unique index if not exists dashboard_builds_state on dashboard_builds (state)`,
];

/** One row a call, derived from `calls`; and their sums by Indian day, from which pages are made. */
const minutes = [
  `create table if not exists call_minutes (
     generation int not null, call_id int not null, lead_id int, day date not null, source text not null,
     mode text not null, outcome text not null, answered boolean not null, counted_micros bigint,
     estimated boolean not null, talk_micros bigint not null, pulses int not null, primary key (generation, call_id))`,
  `create table if not exists minutes_daily (
     generation int not null, day date not null, source text not null, mode text not null, outcome text not null,
     calls bigint not null, answered bigint not null, counted_micros numeric not null, estimated_calls bigint not null,
     talk_micros numeric not null, pulses bigint not null, primary key (generation, day, source, mode, outcome))`,
];

/** How far each lead has come, and how soon it was dialled; and their counts by Indian day of arrival. */
const funnel = [
  `create table if not exists lead_progress (
     generation int not null, lead_id int not null, day date not null, source text not null, step smallint not null,
     speed_bucket int, primary key (generation, lead_id))`,
  `create table if not exists funnel_daily (
     generation int not null, day date not null, source text not null, step smallint not null, leads bigint not null,
     primary key (generation, day, source, step))`,
  `create table if not exists speed_daily (
     generation int not null, day date not null, source text not null, bucket int not null, leads bigint not null,
     primary key (generation, day, source, bucket))`,
];

/** What happened when, from the streams, which forget. No answers and no names: ids only. */
const events = [
  `create table if not exists lead_events (
     event_id text primary key, no bigint not null generated always as identity, generation int not null,
     stream text not null, type text not null, at timestamptz not null, lead_id int, call_id int, source text, data jsonb not null)`,
  `create index if not exists lead_events_lead on lead_events (lead_id, at)`,
  `create index if not exists lead_events_call on lead_events (call_id) where lead_id is null`,
  `create index if not exists lead_events_at on lead_events (at)`,
  `create index if not exists lead_events_type on lead_events (type, at)`,
  `create index if not exists lead_events_no on lead_events (no)`,
];

/** An adopted database may well have a table called users: ours say whose they are. */
const people = [
  `create table if not exists dashboard_users (
     name text primary key, role text not null check (role in ('viewer', 'operator')), password_hash text,
     created_at timestamptz not null default clock_timestamp(), disabled_at timestamptz)`,
  `create table if not exists dashboard_sessions (
     token_hash text primary key, user_name text not null references dashboard_users (name) on delete cascade,
     created_at timestamptz not null default clock_timestamp(), seen_at timestamptz not null default clock_timestamp(),
     expires_at timestamptz not null)`,
  `create index if not exists dashboard_sessions_expires on dashboard_sessions (expires_at)`,
  `create table if not exists dashboard_login_failures (
     id bigint primary key generated always as identity, name text not null, address text not null,
     at timestamptz not null default clock_timestamp())`,
  `create index if not exists dashboard_login_failures_at on dashboard_login_failures (at)`,
  `create table if not exists dashboard_audit (
     id bigint primary key generated always as identity, at timestamptz not null default clock_timestamp(),
     action text not null, who text not null, reason text not null, lead_id int, phone text, details jsonb)`,
  `create index if not exists dashboard_audit_at on dashboard_audit (at)`,
  `create table if not exists dashboard_redrives (
     id uuid primary key, who text not null, reason text not null, filter jsonb not null, cap int not null,
     dry_run boolean not null, total int not null default 0, redriven int not null default 0,
     refused int not null default 0, last_refusal text, started_at timestamptz not null default clock_timestamp(),
     finished_at timestamptz)`,
  `create index if not exists dispatcher_audit_at on dispatcher_audit (at)`,
];
