/** Passwords of the service roles on a server that exists for tests only. */
export const rolePasswords = {
  ingest: 'test-ingest',
  dispatcher: 'test-dispatcher',
  callTracker: 'test-call-tracker',
  crmPusher: 'test-crm-pusher',
  dashboard: 'test-dashboard',
} as const;
