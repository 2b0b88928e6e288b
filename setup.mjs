// Runs this repository's commands on a machine that has only Node 20 or newer. It fetches Node 24, pnpm and the
// packages through npm, once, and hands over. Plain JavaScript without packages, because none are installed yet.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.leadline-installed');
const node24 = join(modules, 'node', 'bin', 'node');
const installLog = join(root, '.leadline', 'install.log');
/** The signal that ends us, once it came. */
let endedBy;

/** What Node 24 runs for each command; `install` is for scripts that continue by themselves. */
const commands = {
  install: [],
  start: ['packages/local/src/run.ts'],
  reset: ['packages/local/src/reset.ts'],
  migrate: ['packages/setup/src/main.ts', 'migrate'],
  setup: ['packages/setup/src/main.ts'],
  'release-files': ['deploy/write-release-files.ts'],
  images: ['test/images/measure.ts'],
  bench: ['test/bench/run.ts'],
  'bench:peers': ['test/bench/peers/run.ts'],
  'bench:dashboard': ['test/bench/dashboard.ts'],
  faults: ['test/faults/run.ts'],
  screenshots: ['test/screenshots/run.ts'],
  users: ['services/dashboard/src/manage-users.ts'],
  leadline: [join(root, 'packages/cli/src/main.ts')],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
  'test:kubernetes': ['test/kubernetes/run.ts'],
  'test:livekit': ['test/livekit/run.ts'],
};

const [name = '', ...given] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) fail(`Unknown command "${name}": there are ${Object.keys(commands).join(', ')}.`);
if (Number.parseInt(process.versions.node, 10) < 20)
  fail(`Node ${process.versions.node} is too old: 20 or newer is needed.`);

if (name === 'start') warnOfDeafNpm(process.env.npm_config_user_agent);
await install();
if (name === 'install') process.exit(0);
// `start` watches this channel: its end shows that we were killed.
const streams = name === 'start' ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
// From the second run on, this cache halves the time to load our code.
const compileCache = name === 'start' ? { NODE_COMPILE_CACHE: join(root, '.leadline', 'compile-cache') } : {};
// Paths that a person types are relative to the person's folder.
const callerFolder = name === 'leadline' ? (process.env.INIT_CWD ?? process.cwd()) : root;
process.exitCode = await untilExit(
  launch(node24, [...command, ...given], { stdio: streams, cwd: callerFolder, env: compileCache }),
);

/** Does nothing while the lockfile and the package lists are unchanged since the last time. */
async function install() {
  const wanted = fingerprint();
  if (existsSync(node24) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1_000);
  process.stderr.write(`installing Node 24 and the packages with ${packageManager}, once; log: ${installLog}\n`);
  const [npx, ...first] = findNpx();
  const args = [...first, '--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'];
  // Standard output belongs to the command that follows.
  const installer = launch(npx, args, { stdio: ['ignore', 'pipe', 'pipe'], env: patience(), detached: true });
  const log = followInstall(installer, seconds);
  const code = await untilExit(installer);
  log.end();
  if (endedBy !== undefined) process.exit(code);
  if (code !== 0) fail(explainInstall(log.words(), packageManager));
  writeFileSync(stamp, wanted);
  process.stderr.write(`installed in ${seconds()} s\n`);
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

/** The npx of the npm that runs us, else the one beside our Node, else the one on PATH. */
function findNpx() {
  const npm = process.env.npm_execpath ?? '';
  if (basename(npm) === 'npm-cli.js') return [process.execPath, join(dirname(npm), 'npx-cli.js')];
  const beside = join(dirname(process.execPath), 'npx');
  return [existsSync(beside) ? beside : 'npx'];
}

/** Four tries within 10 s: by default npm and pnpm wait more than a minute before they report that nobody answers. */
function patience() {
  const settings = { fetch_retries: '3', fetch_retry_mintimeout: '1000', fetch_retry_maxtimeout: '5000' };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`npm_config_${key}`, value]));
}

/** Writes the installer's output to its log and shows its progress: one line on a terminal, else one each 20 s. */
function followInstall(installer, seconds) {
  let words = '';
  let progress = 'asking the registry';
  let file;
  try {
    mkdirSync(dirname(installLog), { recursive: true });
    file = openSync(installLog, 'w');
  } catch {
    // The disk is full or not writable. The installer meets the same, and we explain its words.
  }
  const live = process.stderr.isTTY;
  const show = () => {
    const line = `  ${progress} (${seconds()} s)`;
    process.stderr.write(live ? `\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${line}\n`);
  };
  const ticking = setInterval(show, live ? 250 : 20_000);
  const take = (chunk) => {
    words = `${words}${chunk}`.slice(-200_000);
    progress = /.*Progress: ([^\n]+)\n/s.exec(words)?.[1] ?? progress;
    try {
      if (file !== undefined) writeSync(file, chunk);
    } catch {
      file = undefined;
    }
  };
  for (const stream of [installer.stdout, installer.stderr]) stream.setEncoding('utf8').on('data', take);
  return {
    words: () => words,
    end() {
      clearInterval(ticking);
      if (live) process.stderr.write('\r\x1b[K');
      if (file !== undefined) closeSync(file);
    },
  };
}

/** Why an install failed and how to continue, from the words of npm and pnpm. */
function explainInstall(words, packageManager) {
  const registry = withoutLogin(/https?:\/\/[^\s,'")]+/.exec(process.env.npm_config_registry ?? '')?.[0]);
  const reasons = [
    [
      /ENOSPC|no space left/i,
      `The disk is full: about 700 MB are needed for ${modules} and pnpm's store. Free some, then start again.`,
    ],
    [
      /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ERR_PNPM_META_FETCH|error sending request|dns error/i,
      `The package registry (${registry}) can't be reached. Behind a proxy: set HTTPS_PROXY and NO_PROXY. With a registry of your own: ` +
        `npm config set registry URL. Without a network: run npm start once where there is one, then copy this folder with its node_modules.`,
    ],
    [
      /\b(407|E401|E403|403 Forbidden|401 Unauthorized)\b|self.signed|UNABLE_TO_(GET|VERIFY)|certificate/i,
      `The package registry (${registry}) or a proxy before it refuses us. Check HTTPS_PROXY and its password, npm login, and NODE_EXTRA_CA_CERTS ` +
        `where the proxy has a certificate of its own.`,
    ],
    [
      /EACCES|EPERM|EROFS|permission denied/i,
      `This user may not write where it must: ${root} and the folders of npm and pnpm below its home.`,
    ],
    [/ENOTEMPTY|EEXIST|ERR_PNPM_/, `Remove ${modules} and start again; if that does not help, the log says more.`],
  ];
  const [, advice = 'The log says why.'] = reasons.find(([sign]) => sign.test(words)) ?? [];
  const last = words.trimEnd().split('\n').slice(-6).join('\n  ');
  return `Node 24 and the packages could not be installed with ${packageManager}.\n${advice}\nLog: ${installLog}, which ends with\n  ${last}`;
}

function withoutLogin(url) {
  return (url ?? 'npm’s own').replace(/\/\/[^/@]*@/, '//');
}

/**
 * Starts a program with our packages on its PATH. `detached` puts it into a process group of its own, which we end as a
 * whole.
 */
function launch(file, args, { stdio, cwd = root, env = {}, detached = false }) {
  const path = [join(modules, '.bin'), process.env.PATH ?? ''].join(delimiter);
  const { STARTED_BY: _, ...inherited } = process.env;
  const child = spawn(file, args, { cwd, stdio, detached, env: { ...env, ...inherited, PATH: path } });
  const pass = (signal) => {
    endedBy ??= signal;
    // It could not be started.
    if (child.pid === undefined) return;
    try {
      process.kill(detached ? -child.pid : child.pid, signal);
    } catch {
      // It is gone.
    }
  };
  // A terminal also sends Ctrl-C to a child in our group.
  const handlers = { SIGINT: process.stdin.isTTY && !detached ? ignore : pass, SIGTERM: pass, SIGHUP: pass };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  const watching = watchStarter(pass);
  child.on('error', (error) => fail(`${file} does not run: ${error.message}`));
  child.on('exit', () => {
    clearInterval(watching);
    for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
  });
  return child;
}

/** Resolves with the exit code once we have read all of the child's output. */
function untilExit(child) {
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

function ignore() {
  // The child ends, and then so do we.
}

/** npm 9.6.7 to 10.2 do not pass SIGTERM on: https://github.com/npm/cli/issues/6547. */
function warnOfDeafNpm(userAgent = '') {
  const [, version = '', ...parts] = /\bnpm\/((\d+)\.(\d+)\.(\d+))/.exec(userAgent) ?? [];
  const [major, minor, patch] = parts.map(Number);
  const isDeaf = (major === 9 && (minor > 6 || (minor === 6 && patch >= 7))) || (major === 10 && minor < 3);
  if (isDeaf)
    process.stderr.write(`npm ${version} keeps a SIGTERM to itself: send it to process ${process.pid} instead\n`);
}

/**
 * A killed parent can't tell us. The scripts of package.json name the process that started us, mostly npm; if our
 * parent is another one, it is gone, perhaps since before we ran. Children that do not end within 45 s are killed.
 */
function watchStarter(end) {
  const starter = Number(process.env.STARTED_BY);
  if (!(starter > 0)) return undefined;
  const watching = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(watching);
    end('SIGTERM');
    setTimeout(() => end('SIGKILL'), 45_000).unref();
  }, 250);
  return watching;
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
