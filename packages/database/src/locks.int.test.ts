import type { Sql } from './sql.ts';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  letGoOfPushes,
  lockCall,
  lockClasses,
  lockDialControl,
  lockNumbers,
  lockReadModel,
  lockRedriveAudit,
  lockSchema,
  tryToHoldPushes,
  tryToLead,
} from './locks.ts';
import type { Database } from './open-database.ts';

let db: TestDatabase;
let database: Database;
beforeAll(async () => {
  db = await testDatabase();
  database = await db.open('owner', 20);
});
afterAll(() => db.drop());

/** All Indian mobiles whose hash is that of a name that leads, or the key of what there is one of: found by trying each. */
const number = '8291872422';
const sameHash = { call_tracker_outbox: number, ingest_poller: '9019341060', one: '9100558594' } as const;

type Key = { classid: number; objid: number };
/** Runs `work` while the lock is held, and tells it under which keys Postgres has it. */
type Hold = (work: (keys: Key[]) => Promise<void>) => Promise<void>;

const ownKeys = `select classid::bigint::float8 as classid, objid::bigint::float8 as objid from pg_locks
  where locktype = 'advisory' and objsubid = 2 and pid = pg_backend_pid()`;

function inTransaction(take: (sql: Sql) => Promise<void>): Hold {
  return (work) =>
    database.transaction(async (sql) => {
      await take(sql);
      await work((await sql.query(ownKeys, [])).rows as Key[]);
    });
}

function inSession(take: (session: Client) => Promise<unknown>): Hold {
  return async (work) => {
    const session = new Client({ connectionString: db.url });
    await session.connect();
    try {
      expect(await take(session)).not.toBe(false);
      await work((await session.query<Key>(ownKeys)).rows);
    } finally {
      await session.end();
    }
  };
}

/** Every user of advisory locks, each with what its second key may be made of. */
const users: Record<keyof typeof lockClasses, Hold> = {
  call: inTransaction((sql) => lockCall(sql, 1)),
  dialControl: inTransaction(lockDialControl),
  push: inSession(async (session) => {
    const held: boolean[] = [];
    for (const one of Object.values(sameHash)) held.push(await tryToHoldPushes(session, one));
    return held.every(Boolean);
  }),
  number: inTransaction((sql) => lockNumbers(sql, Object.values(sameHash))),
  poller: inSession((session) => tryToLead(session, 'poller', 'ingest_poller')),
  relay: inSession((session) => tryToLead(session, 'relay', 'call_tracker_outbox')),
  readModel: inTransaction(lockReadModel),
  redriveAudit: inTransaction(lockRedriveAudit),
};
const names = Object.keys(users) as (keyof typeof lockClasses)[];

test('every user of advisory locks has a class of its own', async () => {
  const seen = new Map<number, string>();
  for (const name of names) {
    await users[name](async (keys) => {
      expect([...new Set(keys.map(({ classid }) => classid))]).toEqual([lockClasses[name]]);
      expect(seen.get(lockClasses[name])).toBeUndefined();
      seen.set(lockClasses[name], name);
    });
  }
  expect(seen.size).toBe(names.length);
});

test('no user waits for another, though their second keys are the same', async () => {
  const secondKeys = new Map<string, number[]>();
  const holdAll = async (left: readonly (keyof typeof lockClasses)[]): Promise<void> => {
    const [next, ...others] = left;
    if (next === undefined) return;
    await users[next](async (keys) => {
      secondKeys.set(
        next,
        keys.map(({ objid }) => objid),
      );
      await holdAll(others);
    });
  };
  await holdAll(names);
  // The numbers are well chosen, or nothing is proved.
  const ofNumbers = new Set(secondKeys.get('number'));
  expect(new Set(secondKeys.get('push'))).toEqual(ofNumbers);
  for (const name of names) expect(ofNumbers).toContain(secondKeys.get(name)?.[0]);
});

test('whoever shares a class shares what it locks: a number however it is written, a leader’s name', async () => {
  await users.number(async () => {
    const again = database.transaction(async (sql) => {
      await sql.query('set local lock_timeout = 200', []);
      await lockNumbers(sql, [`+91${number}`]);
    });
    await expect(again).rejects.toThrow(/lock timeout/);
  });
  await users.push(async () => {
    await inSession(async (session) => {
      expect(await tryToHoldPushes(session, `+91 ${number}`)).toBe(false);
    })(() => Promise.resolve());
  });
  await inSession(async (session) => {
    expect(await tryToHoldPushes(session, number)).toBe(true);
    await letGoOfPushes(session, `+91${number}`);
  })(async (keys) => expect(keys).toEqual([]));
  await users.relay(async () => {
    await inSession(async (session) => {
      expect(await tryToLead(session, 'relay', 'call_tracker_outbox')).toBe(false);
      expect(await tryToLead(session, 'relay', 'ingest_outbox')).toBe(true);
    })(() => Promise.resolve());
  });
});

test('the schema’s lock has one key of 64 bits, a space of its own', async () => {
  const session = new Client({ connectionString: db.url });
  await session.connect();
  try {
    await lockSchema(session);
    const { rows } = await session.query(
      `select objsubid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()`,
    );
    expect(rows).toEqual([{ objsubid: 1 }]);
  } finally {
    await session.end();
  }
});

test('no advisory lock is taken but in the list’s own file', () => {
  const root = join(import.meta.dirname, '../../..');
  const sources = globSync(['packages/*/src/**/*.ts', 'services/*/src/**/*.ts'], { cwd: root }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  expect(sources.length).toBeGreaterThan(100);
  const taking = sources.filter((file) => /pg_(try_)?advisory/i.test(readFileSync(join(root, file), 'utf8')));
  expect(taking).toEqual([join('packages', 'database', 'src', 'locks.ts')]);
});
