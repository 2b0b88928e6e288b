import { z } from 'zod';

/** A timestamptz column, which the driver passes as text. */
export const instant = z.union([z.date(), z.string()]).transform((value) => new Date(value));

/** Runs SQL with bind parameters, inside a transaction or outside, where each statement commits alone. */
export type Sql = {
  /** A transaction's statements run in the order of the calls; you may send one before the last was answered. */
  query(text: string, parameters: readonly unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
};

/** Column names are in the code, so there are only some hundred. */
const camelCased = new Map<string, string>();

function toCamelCase(column: string): string {
  const known = camelCased.get(column);
  if (known !== undefined) return known;
  const name = column.replaceAll(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());
  camelCased.set(column, name);
  return name;
}

/** A row with the names that TypeScript uses: `retry_after` becomes `retryAfter`. JSON columns keep their keys. */
function named(found: unknown): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(found ?? {})) values[toCamelCase(column)] = value;
  return values;
}

/** Does not compile for a schema with a column's own name such as `call_id`, because rows have `callId`. */
type InCamelCase<Row> =
  Extract<keyof Row, `${string}_${string}`> extends never ? unknown : 'a row is read under camelCase names';

/**
 * All rows, each parsed with its schema, under camelCase names.
 * @throws ZodError when a row does not fit the schema
 */
export async function rows<S extends z.ZodType>(
  sql: Sql,
  schema: S & InCamelCase<z.input<S>>,
  text: string,
  parameters: readonly unknown[],
): Promise<z.output<S>[]> {
  return (await sql.query(text, parameters)).rows.map((found) => schema.parse(named(found)));
}

/** The first row, under camelCase names, or undefined. */
export async function row<S extends z.ZodType>(
  sql: Sql,
  schema: S & InCamelCase<z.input<S>>,
  text: string,
  parameters: readonly unknown[],
): Promise<z.output<S> | undefined> {
  const first = (await sql.query(text, parameters)).rows[0];
  return first === undefined ? undefined : schema.parse(named(first));
}

/** How many rows an INSERT, UPDATE or DELETE changed; 0 means that somebody else was first. */
export async function affected(sql: Sql, text: string, parameters: readonly unknown[]): Promise<number> {
  return (await sql.query(text, parameters)).rowCount ?? 0;
}
