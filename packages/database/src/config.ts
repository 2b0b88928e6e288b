import type { Role } from './roles.ts';

export type RolePasswords = {
  rolePasswords: Partial<Record<Role, string>>;
  /** Of a second login, `<role>_2`: passwords are changed by going from one to the other. */
  secondPasswords: Partial<Record<Role, string>>;
};

/**
 * What the migrate command is told: DATABASE_URL, LEADLINE_DB_PASSWORD_<ROLE> for each role that is wanted, and …_2 for
 * each that is to have a second login.
 */
export function readMigrateConfig(env: Record<string, string | undefined>): RolePasswords & { url: string } {
  const url = env['DATABASE_URL'];
  if (url === undefined || url === '') {
    throw new Error('DATABASE_URL is not set: give the postgres:// URL of the database to migrate.');
  }
  const rolePasswords: RolePasswords['rolePasswords'] = {};
  const secondPasswords: RolePasswords['secondPasswords'] = {};
  for (const [name, role] of [
    ['LEADLINE_DB_PASSWORD_INGEST', 'ingest'],
    ['LEADLINE_DB_PASSWORD_DISPATCHER', 'dispatcher'],
    ['LEADLINE_DB_PASSWORD_CALL_TRACKER', 'callTracker'],
    ['LEADLINE_DB_PASSWORD_CRM_PUSHER', 'crmPusher'],
    ['LEADLINE_DB_PASSWORD_DASHBOARD', 'dashboard'],
  ] as const) {
    const password = env[name];
    const second = env[`${name}_2`];
    if (password !== undefined && password !== '') rolePasswords[role] = password;
    if (second === undefined || second === '') continue;
    if (rolePasswords[role] === undefined) throw new Error(`${name}_2 is set without ${name}.`);
    secondPasswords[role] = second;
  }
  return { url, rolePasswords, secondPasswords };
}
