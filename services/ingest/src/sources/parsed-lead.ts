import { normalisePhone } from '@leadline/contracts/phone-number';
import type { Fault } from '../lead-schema.ts';
import { phoneRefusals, type Lead } from '../to-lead.ts';
import { isNothing, namesOf, pickAll, type Aliases, type FieldNames, type Fields } from './read-fields.ts';
import { toIndianTime, type DateOrder } from './to-indian-time.ts';
import { toPlainText } from './to-plain-text.ts';

/** One enquiry as an adapter reads it from a delivery. With faults there is no lead in it, and it is kept as refused. */
export type ParsedLead = {
  /** The sender's own id, always text; null when it told none. */
  sourceLeadId: string | null;
  read: { ok: true; lead: Lead } | { ok: false; faults: Fault[] };
  /** What was written where a number belongs, of all fields that may hold one. */
  phoneRaw: string | null;
  /** Further mobiles of the same person, in E.164. */
  phoneAlternates: string[];
  /** The sender says that the number is on a do-not-disturb list; null when it says nothing of it. */
  dndFlag: boolean | null;
  /** Sent to try the connection: kept, never dialled. */
  isTest: boolean;
  /** The sender's own word for the kind of enquiry, such as IndiaMART's W, B, P. */
  enquiryType: string | null;
};

/** What an adapter adds to what stands in the fields. */
export type Reading = {
  names: FieldNames;
  aliases: Aliases;
  /** Takes the place of a missing name: `name` is never null, and the agent must not greet a label of ours as a person. */
  label: string;
  message?: string | null;
  dndFlag?: boolean | null;
  isTest?: boolean;
  /** Of dates in numbers; day first unless told otherwise. */
  dates?: DateOrder;
};

/** The lead in a sender's fields, or what is wrong with it. What is too long is cut, what can't be stored is replaced. */
export function toParsedLead(fields: Fields, reading: Reading): ParsedLead {
  const all = (field: keyof FieldNames) => pickAll(fields, namesOf(field, reading.names, reading.aliases));
  const told = (field: keyof FieldNames) => all(field).filter(({ value }) => !isNothing(value));
  const pick = (field: keyof FieldNames, most: number): string | null => {
    for (const { value } of told(field)) {
      const text = cut(toPlainText(value), most);
      if (text !== '') return text;
    }
    return null;
  };
  const phones = all('phone');
  const sourceLeadId = pick('sourceLeadId', 200);
  const { corrected } = reading.aliases;
  const phone = choosePhone(
    corrected === undefined ? phones : [{ name: 'phone', value: corrected.phone }],
    reading.names.phone[0] ?? 'phone',
  );
  const foreign = corrected === undefined ? findForeign(told('country')) : undefined;
  const faults = [...(phone.ok ? [] : [phone.fault]), ...(foreign === undefined ? [] : [foreign])];
  const message = reading.message === undefined ? pick('message', 10_000) : reading.message;
  const at = told('enquiredAt').map(({ value }) => toIndianTime(value, reading.dates));
  return {
    sourceLeadId,
    read:
      phone.ok && foreign === undefined
        ? {
            ok: true,
            lead: {
              name: pick('name', 200) ?? reading.label,
              phone: phone.phone,
              sourceLeadId,
              email: pick('email', 320),
              productName: pick('productName', 500),
              city: pick('city', 200),
              state: pick('state', 200),
              message: message === null ? null : cut(toPlainText(message), 10_000) || null,
              enquiredAt: at.find((one) => one !== null) ?? null,
            },
          }
        : { ok: false, faults },
    phoneRaw: phones.length === 0 ? null : cut(phones.flatMap(({ value }) => value || []).join(', '), 500),
    phoneAlternates: phone.ok ? phone.alternates : [],
    dndFlag: reading.dndFlag ?? null,
    isTest: reading.isTest ?? false,
    enquiryType: pick('enquiryType', 100),
  };
}

type ChosenPhone = { ok: true; phone: string; alternates: string[] } | { ok: false; fault: Fault };

/** The first field with a mobile in it counts; mobiles of later fields are alternates. Else the first field's fault. */
function choosePhone(written: { name: string; value: string }[], fieldName: string): ChosenPhone {
  const read = written.map(({ name, value }) => ({ name, phone: normalisePhone(value) }));
  const mobiles = read.flatMap(({ phone }) => (phone.ok ? [phone.phone, ...phone.alternates] : []));
  const [phone, ...alternates] = new Set(mobiles);
  if (phone !== undefined) return { ok: true, phone, alternates };
  const refused = read.flatMap(({ name, phone: one }, at) => {
    const reason = one.ok ? undefined : one.reason;
    return reason === undefined ? [] : [{ name, reason, said: !isNothing(written[at]?.value ?? '') }];
  });
  const first = refused.find(({ said }) => said) ?? refused[0];
  if (first === undefined) return { ok: false, fault: toFault(fieldName, 'missing', 'is missing') };
  return { ok: false, fault: toFault(first.name, first.reason, phoneRefusals[first.reason]) };
}

function findForeign(told: { name: string; value: string }[]): Fault | undefined {
  const other = told.find(
    ({ value }) => !/^(?:in|ind|(?:republic of )?india\b.*|bharat|भारत|\+?91)$/i.test(value.trim()),
  );
  return other && toFault(other.name, 'foreign', 'is another country; only Indian mobiles are called');
}

/** The place is a field's name as it was sent; a name that may hold anything is not said back. */
function toFault(name: string, reason: string, detail: string): Fault {
  return { pointer: /^[A-Za-z][\w. -]{0,63}$/.test(name) ? `/${name}` : '', reason, detail };
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).toWellFormed();
}
