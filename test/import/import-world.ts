import { readIngestConfig } from '../../services/ingest/src/config.ts';
import { start } from '../../services/ingest/src/start.ts';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { endWithUs } from '@leadline/servers/reaper';
import { testNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');

type Ran = { code: number | null; output: string; errors: string };

/** Ingest on real servers, and a folder of files for `leadline leads import`. */
export type ImportWorld = {
  db: TestDatabase;
  /** Ingest's own address, for what comes over HTTP. */
  url: string;
  launch(...args: string[]): { child: ChildProcess; done: Promise<Ran> };
  run(...args: string[]): Promise<Ran>;
  /** What it prints with -o json. @throws when it does not exit with 0 */
  json(...args: string[]): Promise<Record<string, unknown>>;
  write(name: string, text: string | Uint8Array): string;
  /** The lines of a file's report, without the header. */
  report(name: string): string[];
  stop(): Promise<void>;
};

export async function startImportWorld(): Promise<ImportWorld> {
  const [db, nats] = await Promise.all([testDatabase(), testNats()]);
  const folder = mkdtempSync(join(tmpdir(), 'leadline-import-'));
  const keys = { API_KEYS: 'website:test-key-of-website,meta:test-key-of-meta' };
  const ingest = await start(readIngestConfig(testSettings('ingest', { db, nats }, keys)), {
    postgres: await db.open('ingest'),
    nats: await nats.connect('ingest'),
    log: silentLog,
  });
  const launch = (...args: string[]) => {
    const { user, pass } = nats.user('ops');
    const child = spawn(process.execPath, [main, 'leads', 'import', ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NATS_URL: nats.url, NATS_USER: user, NATS_PASS: pass, LEADLINE_WHO: 'asha' },
    });
    endWithUs(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    const done = once(child, 'close').then(() => ({ code: child.exitCode, output, errors }));
    return { child, done };
  };
  const run = (...args: string[]): Promise<Ran> => launch(...args).done;
  return {
    db,
    url: ingest.url,
    launch,
    run,
    async json(...args) {
      const { code, output, errors } = await run(...args, '-o', 'json');
      if (code !== 0) throw new Error(`${code} ${errors}`);
      return JSON.parse(output) as Record<string, unknown>;
    },
    write(name, text) {
      writeFileSync(join(folder, name), text);
      return name;
    },
    report: (name) =>
      readFileSync(join(folder, `${name}.report.csv`), 'utf8')
        .trim()
        .split('\n')
        .slice(1),
    async stop() {
      await ingest.stop();
      await nats.close();
      await db.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
