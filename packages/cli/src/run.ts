import { CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import { ConfigError } from '@leadline/service-kit/read-config';
import { CommanderError } from 'commander';
import { exitCodes, Unsuccessful, WrongUse } from './exit-codes.ts';
import { createProgram } from './create-program.ts';
import { tell } from './terminal.ts';

process.on('SIGINT', () => process.exit(exitCodes.interrupted));

const program = await createProgram(process.argv[2]);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = toExitCode(error);
}

/** Reports the error once; commander has already reported its own. */
function toExitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUse;
  if (error instanceof Unsuccessful) return exitCodes.refused;
  tell(`leadline: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof CommandRefused) return exitCodes.refused;
  if (error instanceof CommandUnanswered) return exitCodes.unanswered;
  if (error instanceof WrongUse || error instanceof ConfigError) return exitCodes.wrongUse;
  return exitCodes.unanswered;
}
