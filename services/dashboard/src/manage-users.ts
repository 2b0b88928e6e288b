import { openDatabase } from '@leadline/database/open-database';
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { audit } from './audit/audit.ts';
import { readManageUsersConfig } from './config.ts';
import { disableUser, isUserName, listUsers, setUser, shortestPassword, userRoles } from './accounts/users.ts';

// `npm run users -- …` with DATABASE_URL set. It reads the password from standard input, so that no process list shows
// it; without input it creates a good one and prints it.
const usage = `usage: npm run users -- set NAME viewer|operator    makes a user, or gives one a new role and password
       npm run users -- disable NAME                ends the user's sessions and lets nobody in by that name
       npm run users -- list
The password comes on standard input; without one a good one is made and told.
`;

const [verb, name = '', role] = process.argv.slice(2);
const { DATABASE_URL: url } = readManageUsersConfig(process.env);

function refuse(what: string): never {
  process.stderr.write(`${what}\n${usage}`);
  process.exit(2);
}

async function readPassword(): Promise<{ password: string; isMade: boolean }> {
  const given = process.stdin.isTTY ? '' : (await text(process.stdin)).trim();
  if (given === '') return { password: randomBytes(15).toString('base64url'), isMade: true };
  if (given.length < shortestPassword) refuse(`the password needs at least ${shortestPassword} characters`);
  return { password: given, isMade: false };
}

if (!['set', 'disable', 'list'].includes(verb ?? '')) refuse('which of these?');
if (verb === 'set' && !isUserName(name)) refuse('NAME: lower-case letters, digits and . _ @ - only');

const postgres = await openDatabase({ url, name: 'dashboard-users', poolSize: 1 });
const by = { who: 'npm run users', reason: 'by command' };
try {
  if (verb === 'list') {
    for (const user of await listUsers(postgres))
      process.stdout.write(`${user.name}\t${user.role}${user.isActive ? '' : '\tdisabled'}\n`);
  } else if (verb === 'disable') {
    if (!(await disableUser(postgres, name))) refuse(`there is no active user ${name}`);
    await audit(postgres.sql, { action: 'disable_user', ...by, details: { user: name } });
    process.stdout.write(`${name} may not log in any more\n`);
  } else {
    const chosen = userRoles.safeParse(role);
    if (!chosen.success) refuse('which role, viewer or operator?');
    const { password, isMade } = await readPassword();
    await setUser(postgres, { name, role: chosen.data, password });
    await audit(postgres.sql, { action: 'set_user', ...by, details: { user: name, role: chosen.data } });
    process.stdout.write(`${name} may log in as ${chosen.data}${isMade ? ` with the password ${password}` : ''}\n`);
  }
} finally {
  await postgres.close();
}
