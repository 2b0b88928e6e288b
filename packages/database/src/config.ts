import { services } from '@leadline/contracts/services';
import { z } from 'zod';
import type { Role } from './roles.ts';

export type RolePasswords = {
  rolePasswords: Partial<Record<Role, string>>;
  /** The password of a second login, `<role>_2`: to change passwords, switch from one login to the other. */
  secondPasswords: Partial<Record<Role, string>>;
};

const passwords = services.map(({ env, key }) => ({ name: `LEADLINE_DB_PASSWORD_${env}`, role: key }));

const firstLogin = z.string().optional().meta({
  goal: 'setup',
  description: 'Creates the role of that service, with this password. Without it the role is left alone.',
  example: 'secret-of-that-role',
});
const secondLogin = z.string().optional().meta({
  goal: 'setup',
  description: 'Gives that role a second login, `<role>_2`, while you change passwords.',
  example: 'next-secret-of-that-role',
});
const logins = z.object(
  Object.fromEntries(
    passwords.flatMap(({ name }) => [
      [name, firstLogin],
      [`${name}_2`, secondLogin],
    ]),
  ),
);

const database = z.object({
  DATABASE_URL: z.string('is not set: give the postgres:// URL of the database to migrate').meta({
    goal: 'setup',
    description: 'The database to create or to bring up to date, as its owner.',
    example: 'postgres://leadline_owner:secret@db.example.in:5432/leadline',
  }),
});

export const migrateSettings = z.object({ ...database.shape, ...logins.shape });

/** @throws Error naming the first unusable setting */
export function readMigrateConfig(env: Record<string, string | undefined>): RolePasswords & { url: string } {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const found = z.intersection(database, logins).safeParse(present);
  if (!found.success) {
    const [issue] = found.error.issues;
    throw new Error(`${issue?.path.join('.')} ${issue?.message}.`);
  }
  const { DATABASE_URL: url, ...given } = found.data;
  const rolePasswords: RolePasswords['rolePasswords'] = {};
  const secondPasswords: RolePasswords['secondPasswords'] = {};
  for (const { name, role } of passwords) {
    const password = given[name];
    const second = given[`${name}_2`];
    if (password !== undefined) rolePasswords[role] = password;
    if (second === undefined) continue;
    if (password === undefined) throw new Error(`${name}_2 is set without ${name}.`);
    secondPasswords[role] = second;
  }
  return { url, rolePasswords, secondPasswords };
}
