import type { LeadlineCommand } from './leadline-command.ts';
import type { System } from './system.ts';

/** Where a text is found: in which tables, the read models among them, and whether in a stream. */
export async function findText(text: string, { db }: System, leadline: LeadlineCommand): Promise<string[]> {
  const tables = await db.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const [hit] = await db.query<{ n: number }>(`select count(*)::int as n from ${name} t where t::text like $1`, [
      `%${text}%`,
    ]);
    if ((hit?.n ?? 0) > 0) found.push(name);
  }
  const everything = ['lead', 'call', 'agent', 'dlq'];
  const { out } = await leadline.run('tail', ...everything, '--last', '10000', '--no-follow', '-o', 'raw');
  return out.includes(text) ? [...found, 'streams'] : found;
}
