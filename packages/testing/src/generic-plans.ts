import { Client, DatabaseError } from 'pg';
import type { TestDatabase } from './database.ts';

type Database = Awaited<ReturnType<TestDatabase['open']>>;
type Sql = Database['sql'];

/** Statements by their text, each with parameters that it was asked with. */
export type Statements = Map<string, readonly unknown[]>;

/** The same database, which notes the statements that it is asked. */
export function noteStatements(database: Database): { database: Database; statements: Statements } {
  const statements: Statements = new Map();
  const noting = (sql: Sql): Sql => ({
    query(text, parameters) {
      if (!statements.has(text)) statements.set(text, parameters);
      return sql.query(text, parameters);
    },
  });
  return {
    statements,
    database: {
      ...database,
      sql: noting(database.sql),
      transaction: (work) => database.transaction((sql) => work(noting(sql))),
      transactionEndingWith: (work) =>
        database.transactionEndingWith(async (sql) => {
          const noted = noting(sql);
          return work(noted);
        }),
    },
  };
}

/**
 * Which statements read more than so many pages of 8 KB, with a plan that knows their values or with one that knows none:
 * a named statement may get either.
 */
export async function findGreedy(url: string, statements: Statements, mostPages: number): Promise<string[]> {
  const greedy: string[] = [];
  for (const plans of ['force_generic_plan', 'force_custom_plan'] as const)
    for (const [text, pages] of await readPages(url, statements, plans))
      if (pages > mostPages) greedy.push(`${plans}: ${pages} pages: ${text.replaceAll(/\s+/g, ' ')}`);
  return greedy;
}

/** How many pages of 8 KB each statement reads with a plan that knows none of its values. Each is run and undone. */
export function readGenerically(url: string, statements: Statements): Promise<Map<string, number>> {
  return readPages(url, statements, 'force_generic_plan');
}

async function readPages(
  url: string,
  statements: Statements,
  plans: 'force_generic_plan' | 'force_custom_plan',
): Promise<Map<string, number>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const pages = new Map<string, number>();
  try {
    await client.query(`set plan_cache_mode = ${plans}; set jit = off`);
    for (const [text, parameters] of statements) {
      await client.query('begin');
      await client.query(`prepare noted as ${text}`);
      const values =
        parameters.length === 0 ? '' : `(${parameters.map((value) => toLiteral(client, value)).join(', ')})`;
      const plan = await explain(client, `explain (analyze, buffers, format json) execute noted${values}`);
      if (plan !== undefined) pages.set(text, plan['Shared Hit Blocks'] + plan['Shared Read Blocks']);
      await client.query('rollback');
      await client.query('deallocate all');
    }
  } finally {
    await client.end();
  }
  return pages;
}

/** Undefined: a row that it adds is there already. That is no search. */
async function explain(client: Client, text: string): Promise<Plan | undefined> {
  try {
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(text);
    return rows[0]?.['QUERY PLAN'][0].Plan;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '23505') return undefined;
    throw error;
  }
}

type Plan = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number };

function toLiteral(client: Client, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) {
    const inside = value.map((one) =>
      one === null ? 'null' : `"${String(one).replaceAll(/["\\]/g, String.raw`\$&`)}"`,
    );
    return client.escapeLiteral(`{${inside.join(',')}}`);
  }
  if (value instanceof Date) return client.escapeLiteral(value.toISOString());
  return client.escapeLiteral(typeof value === 'string' ? value : JSON.stringify(value));
}
