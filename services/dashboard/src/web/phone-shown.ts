import { maskPhone } from '@leadline/contracts/phone-number';
import type { Shown } from './layout.ts';

/** The number for this person: whole for an operator, masked for everybody else. */
export function phoneShown({ session }: Shown, phone: string): string {
  return session.user.role === 'operator' ? phone : maskPhone(phone);
}
