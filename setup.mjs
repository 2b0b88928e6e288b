// The commands of this repository on a machine that has Node 20 or newer and nothing else. Brings Node 24, pnpm and the
// packages through npm, once, and hands over. Plain JavaScript without packages, for none are there yet.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.leadline-installed');
const node24 = join(modules, 'node', 'bin', 'node');

/** What Node 24 runs for each; `install` is for scripts that go on by themselves. */
const commands = {
  install: [],
  start: ['packages/local/src/run.ts'],
  reset: ['packages/local/src/reset.ts'],
  migrate: ['packages/setup/src/main.ts', 'migrate'],
  setup: ['packages/setup/src/main.ts'],
  'release-files': ['deploy/write-release-files.ts'],
  images: ['test/images/measure.ts'],
  bench: ['test/bench/run.ts'],
  'bench:dashboard': ['test/bench/dashboard.ts'],
  faults: ['test/faults/run.ts'],
  users: ['services/dashboard/src/manage-users.ts'],
  leadline: [join(root, 'packages/cli/src/main.ts')],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
  'test:kubernetes': ['test/kubernetes/run.ts'],
};

const [name = '', ...given] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) fail(`Unknown command "${name}": there are ${Object.keys(commands).join(', ')}.`);
if (Number.parseInt(process.versions.node, 10) < 20)
  fail(`Node ${process.versions.node} is too old: 20 or newer is needed.`);

await install();
if (name === 'install') process.exit(0);
// The channel is for the end of it: `start` notices when we are killed.
const stdio = name === 'start' ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
// Files that a person names are meant from where they stand.
const callerFolder = name === 'leadline' ? (process.env.INIT_CWD ?? process.cwd()) : root;
process.exitCode = await run(node24, [...command, ...given], stdio, callerFolder);

/** Does nothing while lockfile and package lists are those of the last time. */
async function install() {
  const wanted = fingerprint();
  if (existsSync(node24) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const startedAt = Date.now();
  process.stderr.write(`installing Node 24 and the packages with ${packageManager}, once; this may take a minute\n`);
  const [npx, ...first] = findNpx();
  // Standard output belongs to the command that follows.
  const code = await run(npx, [...first, '--yes', packageManager, 'install', '--frozen-lockfile'], ['inherit', 2, 2]);
  if (code !== 0) fail('The packages could not be installed; the reason is above.');
  writeFileSync(stamp, wanted);
  process.stderr.write(`installed in ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
}

function fingerprint() {
  const members = ['packages', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((member) => join(folder, member, 'package.json')),
  );
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...members]) {
    if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** The npx of the npm that runs us, else the one beside our Node, else any. */
function findNpx() {
  const npm = process.env.npm_execpath ?? '';
  if (basename(npm) === 'npm-cli.js') return [process.execPath, join(dirname(npm), 'npx-cli.js')];
  const beside = join(dirname(process.execPath), 'npx');
  return [existsSync(beside) ? beside : 'npx'];
}

/** Resolves with the exit code. Whatever ends us ends the child. */
function run(file, args, streams, cwd = root) {
  return new Promise((resolve) => {
    const path = [join(modules, '.bin'), process.env.PATH ?? ''].join(delimiter);
    const child = spawn(file, args, { cwd, stdio: streams, env: { ...process.env, PATH: path } });
    const pass = (signal) => child.kill(signal);
    // A terminal sends Ctrl-C to the child as well.
    if (process.stdin.isTTY) process.on('SIGINT', ignore);
    else process.on('SIGINT', pass);
    process.on('SIGTERM', pass);
    process.on('SIGHUP', pass);
    const watching = watchNpm(() => pass('SIGTERM'));
    child.on('error', (error) => fail(`${file} does not run: ${error.message}`));
    child.on('exit', (code, signal) => {
      clearInterval(watching);
      for (const one of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(one, pass).off(one, ignore);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

function ignore() {
  // The child ends, and we with it.
}

/** npm that is killed tells nobody, but we get another parent, or the shell between us does. */
function watchNpm(gone) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const shell = /^(ba|da|a)?sh$/.test(readStat(parent)?.program ?? '') ? parent : undefined;
  const npm = shell === undefined ? undefined : readStat(shell)?.parent;
  return setInterval(() => {
    if (process.ppid !== parent || (shell !== undefined && readStat(shell)?.parent !== npm)) gone();
  }, 500);
}

/** Linux only; elsewhere the shell gives its place to us. */
function readStat(pid) {
  try {
    const [, program, parent] = /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return { program, parent };
  } catch {
    return undefined;
  }
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
