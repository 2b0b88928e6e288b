import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * A small process beside ours that ends the servers we started once we are gone, even by SIGKILL: it reads a pipe from
 * us, and the pipe ends when we do. Each process of ours starts at most one, when it first needs it.
 */
let reaper: ChildProcess | undefined;

const script = `
const pids = new Set();
const folders = new Set();
let text = '';
process.stdin.on('data', (data) => {
  text += data;
  for (let end; (end = text.indexOf('\\n')) >= 0; text = text.slice(end + 1)) {
    const line = text.slice(0, end);
    if (line[0] === '/') folders.add(line);
    else if (line[0] === '+') pids.add(Number(line.slice(1)));
    else pids.delete(Number(line.slice(1)));
  }
});
const signal = (pid, name) => { try { process.kill(pid, name); return true; } catch { return false; } };
process.stdin.on('end', () => {
  // SIGINT, because on SIGTERM Postgres waits for its clients.
  for (const pid of pids) signal(pid, 'SIGINT');
  const until = Date.now() + 3000;
  const look = () => {
    const left = [...pids].filter((pid) => signal(pid, 0));
    if (left.length > 0 && Date.now() < until) return setTimeout(look, 50);
    for (const pid of left) signal(pid, 'SIGKILL');
    for (const folder of folders) require('node:fs').rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
    process.exit(0);
  };
  look();
});
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});
`;

/** Ends this process when we end, for whatever reason. */
export function endWithUs(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  tell(`+${pid}`);
  child.once('exit', () => tell(`-${pid}`));
}

/** Removes this folder when we end, for whatever reason. */
export function removeWithUs(folder: string): void {
  tell(folder);
}

function tell(line: string): void {
  if (reaper === undefined) {
    reaper = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    reaper.unref();
    reaper.stdin?.on('error', () => undefined);
    if (reaper.stdin !== null && 'unref' in reaper.stdin && typeof reaper.stdin.unref === 'function')
      reaper.stdin.unref();
  }
  reaper.stdin?.write(`${line}\n`);
}

/** Resolves when the process has ended, with the reason: `by SIGKILL` or `with exit code 1`. */
export function untilExit(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `with exit code ${code}` : `by ${signal}`));
    child.once('error', (error) => resolve(`before it ran: ${error.message}`));
  });
}

/** Asks a process to end and waits; kills it after `graceMs`. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
}
