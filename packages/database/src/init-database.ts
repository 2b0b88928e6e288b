import { services } from '@leadline/contracts/services';
import { within } from '@leadline/time/within';
import { MikroORM } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { Client, DatabaseError } from 'pg';
import { z } from 'zod';
import type { RolePasswords } from './config.ts';
import { migrations } from './migrations/all.ts';
import { lockSchema } from './locks.ts';
import { readUrl } from './read-url.ts';
import { grants, grantsOfAll, sequencesOf } from './roles.ts';
import { entities } from './schema/all.ts';
import { sessionSettings } from './session.ts';

export type InitReport = {
  /** Names of the migrations that ran. */
  applied: string[];
  /** Roles that have their grants. */
  roles: string[];
  /** Rows of an adopted database that our rules would not have made. We report them and never change them. */
  odd: { what: string; count: number; examples: number[] }[];
};

/**
 * Creates and migrates the schema, and gives roles their grants. Safe to repeat, and to run in several processes at
 * once. Creates missing roles that have a password; without any password, one user does everything. Closes a second
 * login that has no password any more; its open sessions live on.
 * @throws the server's error when the user may not do what is missing
 */
export async function initDatabase(options: { url: string } & Partial<RolePasswords>): Promise<InitReport> {
  const client = new Client({
    connectionString: options.url,
    application_name: 'leadline-init',
    options: sessionSettings,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await lockSchema(client);
    const applied = await migrate(options.url);
    await makeRoles(client, options);
    return { applied, roles: await giveGrants(client), odd: await findOddRows(client) };
  } finally {
    await client.end();
  }
}

async function migrate(url: string): Promise<string[]> {
  const place = readUrl(url);
  const orm = await MikroORM.init({
    entities: [...entities],
    ...place,
    driverOptions: { ...place.driverOptions, options: sessionSettings },
    extensions: [Migrator],
    migrations: { migrationsList: migrations, tableName: 'leadline_migrations', snapshot: false },
    pool: { min: 0, max: 2 },
    logger: () => undefined,
  });
  try {
    return (await orm.migrator.up()).map((migration) => migration.name);
  } finally {
    // A connection that the server ended in mid-transaction is never given back: waiting for it would last for ever.
    await within(2_000, orm.close(true));
  }
}

async function makeRoles(
  client: Client,
  { rolePasswords = {}, secondPasswords = {} }: Partial<RolePasswords>,
): Promise<void> {
  for (const { key, role: name } of services) {
    const [password, second] = [rolePasswords[key], secondPasswords[key]];
    if (password === undefined) continue;
    await makeLogin(client, name, password);
    const secondName = `${name}_2`;
    if (second !== undefined) {
      await makeLogin(client, secondName, second);
      await atLast(client, [`grant ${name} to ${secondName}`]);
      // It acts as that role from its first statement: for its rights and for triggers.
      await atLast(client, [`alter role ${secondName} set role = ${name}`]);
    } else if (await isKnown(client, secondName)) {
      await atLast(client, [`alter role ${secondName} with nologin`]);
    }
  }
}

async function isKnown(client: Client, name: string): Promise<boolean> {
  return (await client.query('select 1 from pg_roles where rolname = $1', [name])).rowCount !== 0;
}

async function makeLogin(client: Client, name: string, password: string): Promise<void> {
  const rest = `role ${name} with login password ${client.escapeLiteral(password)}`;
  await atLast(client, (await isKnown(client, name)) ? [`alter ${rest}`] : [`create ${rest}`, `alter ${rest}`]);
}

/**
 * Roles belong to the whole server, so another database's init may change the same one right now. Tries the first
 * statement, then repeats the last one until it succeeds.
 */
async function atLast(client: Client, statements: [string, ...string[]]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query((attempt === 1 ? statements[0] : statements.at(-1)) ?? '');
      return;
    } catch (error) {
      // 42710 and 23505: created meanwhile. XX000 "tuple concurrently updated": altered meanwhile.
      const raced = error instanceof DatabaseError && ['42710', '23505', 'XX000'].includes(error.code ?? '');
      if (!raced || attempt === 10) throw error;
    }
  }
}

async function giveGrants(client: Client): Promise<string[]> {
  const { rows } = await client.query('select rolname from pg_roles where rolname = any($1)', [
    services.map(({ role }) => role),
  ]);
  const present = z.array(z.object({ rolname: z.string() })).parse(rows);
  const given: string[] = [];
  for (const { key, role: name } of services) {
    const lines = grants[key];
    if (!present.some(({ rolname }) => rolname === name)) continue;
    await client.query('begin');
    await client.query(`grant usage on schema public to ${name}`);
    for (const line of [...grantsOfAll, ...lines]) await client.query(`grant ${line} to ${name}`);
    for (const table of sequencesOf[key]) {
      const { rows: found } = await client.query(`select pg_get_serial_sequence($1, 'id') as sequence`, [table]);
      const { sequence } = z.object({ sequence: z.string().nullable() }).parse(found[0]);
      if (sequence !== null) await client.query(`grant usage, update on sequence ${sequence} to ${name}`);
    }
    await client.query('commit');
    given.push(name);
  }
  return given;
}

/** Each query finds ids of rows that our rules would not have made. */
const oddities: [what: string, query: string][] = [
  [
    'leads with an unknown status',
    `select id from leads where status is null or status not in ('new', 'dispatched', 'failed')`,
  ],
  ['leads without a name', `select id from leads where coalesce(btrim(name), '') = ''`],
  [
    'leads whose number is no Indian mobile',
    `select id from leads where coalesce(last_ten(phone), '') !~ '^[6-9][0-9]{9}$'`,
  ],
  ['leads without a source', `select id from leads where coalesce(btrim(source), '') = ''`],
  ['leads with a negative or missing retry_count', `select id from leads where retry_count is null or retry_count < 0`],
  ['leads without a creation time', `select id from leads where created_at is null`],
  [
    'calls with an unknown status',
    `select id from calls where status is null or status not in ('calling', 'called', 'pushed', 'failed')`,
  ],
  ['calls that failed without a reason', `select id from calls where status = 'failed' and failure_reason is null`],
  [
    'calls that failed for an unknown reason',
    `select id from calls where failure_reason not in ('rejected', 'unanswered', 'dispatch_failed', 'startup_failed', 'stale_timeout', 'no_answers')`,
  ],
  [
    'calls whose lead is gone',
    `select id from calls c where lead_id is not null and not exists (select 1 from leads l where l.id = c.lead_id)`,
  ],
  [
    'open calls beside another open call of the same lead',
    `select id from calls c where status = 'calling' and exists
       (select 1 from calls o where o.lead_id = c.lead_id and o.id <> c.id and o.status = 'calling')`,
  ],
  [
    'calls that end before they start',
    `select id from calls where call_ended_at < call_started_at or duration_seconds < 0`,
  ],
  ['status steps that our rules do not know, made by other programs', `select distinct row_id as id from odd_steps`],
];

async function findOddRows(client: Client): Promise<InitReport['odd']> {
  const found: InitReport['odd'] = [];
  for (const [what, query] of oddities) {
    const { rows } = await client.query(
      `with odd as (${query}) select count(*)::int as count, (array_agg(id order by id))[1:5] as examples from odd`,
    );
    const result = z.object({ count: z.number(), examples: z.array(z.number()).nullable() }).parse(rows[0]);
    if (result.count > 0) found.push({ what, count: result.count, examples: result.examples ?? [] });
  }
  return found;
}
