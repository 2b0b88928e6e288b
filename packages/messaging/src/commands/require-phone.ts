import { normalisePhone } from '@leadline/contracts/phone-number';
import { CommandRefused } from '../connection/ask.ts';

/**
 * The number that a person typed.
 * @throws CommandRefused when it is no Indian mobile number
 */
export function requirePhone(text: string): string {
  const normalised = normalisePhone(text);
  if (!normalised.ok) throw new CommandRefused(`phone: not an Indian mobile number (${normalised.reason})`);
  return normalised.phone;
}
