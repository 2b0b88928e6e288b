import type { readMigrateConfig } from '@leadline/database/config';
import { initDatabase } from '@leadline/database/init-database';

/** Brings the schema, roles and grants up to date, and reports what it did and what looks odd. */
export async function migrateDatabase(
  config: ReturnType<typeof readMigrateConfig>,
  say: (line: string) => void,
): Promise<void> {
  const report = await initDatabase(config).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message || cause.constructor.name : String(cause);
    throw new Error(`the database could not be migrated: ${why}`, { cause });
  });
  say(report.applied.length === 0 ? 'The schema is up to date.' : `Applied: ${report.applied.join(', ')}.`);
  say(
    report.roles.length === 0
      ? 'No service roles: every service uses the same user.'
      : `Grants given to ${report.roles.join(', ')}.`,
  );
  if (report.odd.length > 0) say('Found odd, and left as it is:');
  for (const { what, count, examples } of report.odd)
    say(`  ${count} ${what} (ids ${examples.join(', ')}${count > 5 ? ', …' : ''})`);
}
