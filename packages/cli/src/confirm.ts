import { WrongUse } from './exit-codes.ts';
import { isAttended } from './terminal.ts';

/**
 * Continues if the person says yes, now or with `--yes`.
 * @throws WrongUse otherwise; nothing was done
 */
export async function confirm(question: string, given: { yes?: true | undefined }): Promise<void> {
  if (given.yes === true) return;
  if (!isAttended()) throw new WrongUse(`${question} Add --yes to continue; nothing was done`);
  const { confirm: ask } = await import('@clack/prompts');
  if ((await ask({ message: question, initialValue: false, output: process.stderr })) !== true)
    throw new WrongUse('nothing was done');
}
