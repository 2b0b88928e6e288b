import { execFile } from 'node:child_process';
import { chownSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** initdb and postgres refuse root; this user exists wherever root does. */
const nobody = 65_534;

const become = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
/** The right to read and enter whatever root may: a clone below root's home works like any other. */
const enterAll = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
/**
 * initdb asks access(2) whether it may run postgres. That answers for the real user without any capability, unless this
 * bit is set (access_override_creds in Linux' fs/open.c).
 */
const evenForAccess = '--securebits=+no_setuid_fixup';
/** A container may lack the right to give these; without them a clone works where everybody may enter. */
const choices = [[...become, evenForAccess, ...enterAll], [...become, ...enterAll], become];

let chosen: Promise<string[]> | undefined;

/**
 * The command as it is run here: as root it is wrapped, so that it runs as nobody.
 * @throws Error with a way out where root can't become anybody else
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
