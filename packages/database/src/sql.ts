import { z } from 'zod';

/** A timestamptz column. The driver hands such columns over as text. */
export const instant = z.union([z.date(), z.string()]).transform((value) => new Date(value));

/** Runs SQL with bind parameters: in a transaction, or out of one, where each statement commits by itself. */
export type Sql = {
  /** Statements of a transaction run in the order of their calls: one may be sent before the last was answered. */
  query(text: string, parameters: readonly unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
};

/** Column names are written in the code, so there are few: some hundred for all statements. */
const camelCased = new Map<string, string>();

function toCamelCase(column: string): string {
  const known = camelCased.get(column);
  if (known !== undefined) return known;
  const name = column.replaceAll(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());
  camelCased.set(column, name);
  return name;
}

/** A row under the names that TypeScript uses: `retry_after` is `retryAfter`. What a JSON column holds keeps its keys. */
function named(found: unknown): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(found ?? {})) values[toCamelCase(column)] = value;
  return values;
}

/** Does not compile for a schema that reads a column's own name, such as `call_id`: a row has `callId`. */
type InCamelCase<Row> =
  Extract<keyof Row, `${string}_${string}`> extends never ? unknown : 'a row is read under camelCase names';

/**
 * All rows, each read through its schema under camelCase names.
 * @throws ZodError when a row is not what the schema says
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

/** How many rows an INSERT, UPDATE or DELETE touched: 0 means that somebody else was here before. */
export async function affected(sql: Sql, text: string, parameters: readonly unknown[]): Promise<number> {
  return (await sql.query(text, parameters)).rowCount ?? 0;
}
