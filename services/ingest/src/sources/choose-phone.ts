import { findPhoneInText } from '@leadline/contracts/find-phone-in-text';
import { normalisePhone } from '@leadline/contracts/phone-number';
import type { Fault } from '../intake/lead-schema.ts';
import { phoneRefusals } from '../intake/to-lead.ts';
import { findPhoneFields, undecided } from './find-phone-field.ts';
import { isNothing, type Field } from './read-fields.ts';

export type ChosenPhone = ({ ok: true; phone: string; alternates: string[] } | { ok: false; fault: Fault }) & {
  /** The texts found in the places where a number belongs. */
  written: Field[];
};

/** Where a phone may be, in order of preference. */
export type PhonePlaces = {
  /** Fields with a name that is known to hold a phone. */
  known: readonly Field[];
  /** Fields to search for one whose name sounds like a phone, or that holds only a mobile number. */
  others: readonly Field[];
  /** The person's own text. A number in it counts only if no field holds one. */
  text: string | null;
  /** The name that a fault uses for the phone when no field has one. */
  fieldName: string;
};

/**
 * Takes the first field with a mobile number; mobiles in later fields become alternates. Without any, says what is
 * wrong with the first.
 */
export function choosePhone({ known, others, text, fieldName }: PhonePlaces): ChosenPhone {
  const hasMobile = known.some(({ value }) => normalisePhone(value).ok);
  const guessed = hasMobile ? [] : findPhoneFields(others);
  const more = guessed === undecided ? [] : guessed;
  const written = [...known, ...more.filter(({ value }) => !known.some((field) => field.value === value))];
  const read = written.map(({ name, value }) => ({ name, value, phone: normalisePhone(value) }));
  const [phone, ...alternates] = new Set(
    read.flatMap((field) => (field.phone.ok ? [field.phone.phone, ...field.phone.alternates] : [])),
  );
  if (phone !== undefined) return { ok: true, phone, alternates, written };
  const refused = read.flatMap(({ name, value, phone: one }) =>
    one.ok ? [] : [{ name, reason: one.reason, isTold: !isNothing(value) }],
  );
  const first = refused.find(({ isTold }) => isTold) ?? refused[0];
  // A landline or a foreign number belongs to the person; unreadable text is no number.
  const mayBeInText = refused.every(({ reason, isTold }) => !isTold || reason === 'unparseable');
  const inText = mayBeInText && guessed !== undecided && text !== null ? findPhoneInText(text) : undefined;
  if (inText !== undefined) return { ok: true, ...inText, written };
  if (guessed === undecided && first?.isTold !== true)
    return { ok: false, fault: toFault(fieldName, 'undecided', severalNumbers), written };
  const fault =
    first === undefined
      ? toFault(fieldName, 'missing', 'is missing')
      : toFault(first.name, first.reason, phoneRefusals[first.reason]);
  return { ok: false, fault, written };
}

const severalNumbers =
  'is not told: several fields hold a mobile number and none is named as one; name it with `--alias phone="…"`';

/** Names the field as the sender did, unless the name may hold personal data. */
export function toFault(name: string, reason: string, detail: string): Fault {
  return { pointer: /^[A-Za-z][\w. -]{0,63}$/.test(name) ? `/${name}` : '', reason, detail };
}
