import type { WhoAndWhy } from '@leadline/contracts/commands/by';
import { userInfo } from 'node:os';
import { readCliConfig } from './config.ts';
import { WrongUse } from './exit-codes.ts';
import { isAttended } from './terminal.ts';
import { toTypedCommand } from './to-typed-command.ts';

/**
 * Who asks and why, for the audit. Asks for a missing reason if a person is there to answer.
 * @throws WrongUse naming the option
 */
export async function whoAndWhy(given: { who?: string | undefined; reason?: string | undefined }): Promise<WhoAndWhy> {
  return { who: whoAsks(given), reason: given.reason ?? (await askReason()) };
}

/** @throws WrongUse when we can't tell who asks */
export function whoAsks(given: { who?: string | undefined }): string {
  const who = given.who ?? readCliConfig().LEADLINE_WHO ?? loginName();
  if (who === undefined) throw new WrongUse('say who you are, for the audit: --who NAME or LEADLINE_WHO');
  return who;
}

/** Some machines have no name for the user that we run as. */
function loginName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

async function askReason(): Promise<string> {
  if (!isAttended()) {
    const through = readCliConfig().npm_lifecycle_event === 'leadline' ? 'npm' : 'itself';
    const typed = toTypedCommand(process.argv.slice(2), '--reason "…"', through);
    throw new WrongUse(`say why, for the audit:\n  ${typed}`);
  }
  // Imported only here, because most commands ask nothing.
  const { isCancel, text } = await import('@clack/prompts');
  const reason = await text({
    message: 'Why? (kept in the audit)',
    validate: (value) => ((value ?? '').trim() === '' ? 'a few words, please' : undefined),
    output: process.stderr,
  });
  if (isCancel(reason)) throw new WrongUse('nothing was done');
  return reason;
}
