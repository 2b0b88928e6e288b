import { execFile } from 'node:child_process';
import { chownSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** initdb and postgres refuse root. This user exists wherever root does. */
const nobody = 65_534;

const become = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
/** The right to read and enter everything that root may, so that a clone below root's home works too. */
const enterAll = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
/**
 * initdb asks access(2) whether it may run postgres. access(2) ignores the capabilities of a non-root real user unless
 * this bit is set (access_override_creds in Linux' fs/open.c).
 */
const evenForAccess = '--securebits=+no_setuid_fixup';
/** Some containers can't grant these rights. Without them, only a clone that everybody may enter works. */
const choices = [[...become, evenForAccess, ...enterAll], [...become, ...enterAll], become];

let chosen: Promise<string[]> | undefined;

/**
 * Wraps the command so that it runs as nobody if we are root; else returns it unchanged.
 * @throws Error with a way out when root can't switch to another user
 */
export async function asNobody(command: string, args: string[]): Promise<[string, string[]]> {
  if (process.getuid?.() !== 0) return [command, args];
  chosen ??= choose();
  return ['setpriv', [...(await chosen), command, ...args]];
}

/** Gives a file or an empty folder to the user that `asNobody` runs as. */
export function giveToNobody(path: string): void {
  if (process.getuid?.() === 0) chownSync(path, nobody, nobody);
}

async function choose(): Promise<string[]> {
  let fault: unknown;
  for (const choice of choices) {
    try {
      await run('setpriv', [...choice, 'sh', '-c', ':']);
      return choice;
    } catch (error) {
      fault = error;
    }
  }
  const words = fault instanceof Error ? (fault.message.trim().split('\n').at(-1) ?? '') : String(fault);
  throw new Error(
    `Postgres refuses to run as root, and root can't become another user here (${words}): run this as another user, or set DATABASE_URL to a Postgres of your own.`,
    { cause: fault },
  );
}
