import type { Role } from './roles.ts';

/** What the migrate command is told: DATABASE_URL, and LEADLINE_DB_PASSWORD_<ROLE> for each role that is wanted. */
export function readMigrateConfig(env: Record<string, string | undefined>): {
  url: string;
  rolePasswords: Partial<Record<Role, string>>;
} {
  const url = env['DATABASE_URL'];
  if (url === undefined || url === '') {
    throw new Error('DATABASE_URL is not set: give the postgres:// URL of the database to migrate.');
  }
  const rolePasswords: Partial<Record<Role, string>> = {};
  for (const [name, role] of [
    ['LEADLINE_DB_PASSWORD_INGEST', 'ingest'],
    ['LEADLINE_DB_PASSWORD_DISPATCHER', 'dispatcher'],
    ['LEADLINE_DB_PASSWORD_CALL_TRACKER', 'callTracker'],
    ['LEADLINE_DB_PASSWORD_CRM_PUSHER', 'crmPusher'],
    ['LEADLINE_DB_PASSWORD_DASHBOARD', 'dashboard'],
  ] as const) {
    const password = env[name];
    if (password !== undefined && password !== '') rolePasswords[role] = password;
  }
  return { url, rolePasswords };
}
