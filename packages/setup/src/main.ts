import { readMigrateConfig } from '@leadline/database/config';
import { version } from '@leadline/service-kit/version';
import { readNatsServerConfig, readStreamsConfig } from './config.ts';
import { makeStreams } from './make-streams.ts';
import { migrateDatabase } from './migrate-database.ts';
import { toNatsConfigFile, toNatsUsersFile } from './nats-config-file.ts';

const usage = `Usage: node packages/setup/src/main.ts [command]

  (none)        migrate, then streams: what a deployment runs before its services
  migrate       make or bring up to date the database at DATABASE_URL
  streams       make or bring up to date the streams and durables at NATS_URL
  nats-config   print nats-server's configuration, users and permissions included
  nats-users    print its accounts, users and permissions alone, to be included in yours
  --version     print the version
`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Each command reads all its settings before it does anything. */
const commands: Record<string, () => Promise<void> | void> = {
  async all() {
    const [database, streams] = [readMigrateConfig(process.env), readStreamsConfig(process.env)];
    await migrateDatabase(database, say);
    await makeStreams(streams, say);
  },
  migrate: () => migrateDatabase(readMigrateConfig(process.env), say),
  streams: () => makeStreams(readStreamsConfig(process.env), say),
  'nats-config': () => say(toNatsConfigFile(readNatsServerConfig(process.env))),
  'nats-users': () => say(toNatsUsersFile(readNatsServerConfig(process.env))),
  '--version': () => say(`leadline setup ${version()}`),
  '--help': () => say(usage),
};

const [name = 'all'] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`There is no command "${name}".\n\n${usage}`);
  process.exit(2);
}
try {
  await command();
} catch (error) {
  process.stderr.write(`setup: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
