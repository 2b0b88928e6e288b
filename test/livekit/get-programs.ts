import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const version = '1.13.5';

/** Kept for good, and shared by every clone on this machine. */
const serverFolder = join(homedir(), `.cache/leadline/livekit-server-${version}`);
const environments = join(root, '.leadline/livekit');

/** What the tests run; an example whose packages can't be had is not tested. */
export type Programs = { server: string; node: string | undefined; python: string | undefined };

/**
 * A real livekit-server, built from its Go module, and the packages of both examples; the first time that takes three minutes.
 * @throws Error if there is no Go, or with what the build said
 */
export async function getPrograms(say: (line: string) => void): Promise<Programs> {
  const server = await buildServer(say);
  const node = await install('the Node agent', installNode, say);
  const python = await install('the Python agent', installPython, say);
  return { server, node, python };
}

async function buildServer(say: (line: string) => void): Promise<string> {
  const server = join(serverFolder, 'livekit-server');
  if (existsSync(server)) return server;
  await run('go', ['version']).catch(() => {
    throw new Error('Go 1.26 or newer is needed: livekit-server is built with it');
  });
  say(`building livekit-server ${version}, once; it is kept in ${serverFolder}`);
  mkdirSync(serverFolder, { recursive: true });
  const building = mkdtempSync(join(serverFolder, 'building-'));
  try {
    const path = `github.com/livekit/livekit-server/cmd/server@v${version}`;
    const env = { ...process.env, GOBIN: building, GOFLAGS: '' };
    await run('nice', ['go', 'install', '-ldflags=-s -w', path], { env, maxBuffer: 64e6 });
    renameSync(join(building, 'server'), server);
    return server;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

async function install(
  what: string,
  from: (say: (line: string) => void) => Promise<string>,
  say: (line: string) => void,
): Promise<string | undefined> {
  try {
    return await from(say);
  } catch (error) {
    say(`${what} is not tested: ${error instanceof Error ? error.message.slice(0, 500) : String(error)}`);
    return undefined;
  }
}

/** Answers the example's folder with its packages. */
async function installNode(say: (line: string) => void): Promise<string> {
  const folder = join(root, 'examples/agent-node');
  await once(join(folder, 'package-lock.json'), join(folder, 'node_modules'), async () => {
    say('installing the packages of examples/agent-node, once');
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, maxBuffer: 64e6 });
  });
  return folder;
}

/** Answers a Python that has the example's packages. */
async function installPython(say: (line: string) => void): Promise<string> {
  const requirements = join(root, 'examples/agent-python/requirements.txt');
  const environment = join(environments, 'python');
  const python = join(environment, 'bin/python');
  await once(requirements, environment, async () => {
    say('installing the packages of examples/agent-python, once');
    mkdirSync(environments, { recursive: true });
    await run('python3', ['-m', 'venv', environment]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], {
      maxBuffer: 64e6,
    });
  });
  return python;
}

/** Does nothing while the list of packages is the one that was installed. */
async function once(list: string, into: string, work: () => Promise<void>): Promise<void> {
  const wanted = createHash('sha256').update(readFileSync(list)).digest('hex');
  const stamp = join(into, '.leadline-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await work();
  writeFileSync(stamp, wanted);
}
