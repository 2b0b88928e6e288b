import type { Fault } from '../intake/lead-schema.ts';
import type { Lead } from '../intake/to-lead.ts';
import { choosePhone, toFault } from './choose-phone.ts';
import { soundsLikePhone } from './find-phone-field.ts';
import { isYesOrNo } from './find-product.ts';
import { isNothing, namesOf, pickAll, type Aliases, type FieldNames, type Fields } from './read-fields.ts';
import { readWish } from './read-wish.ts';
import { toIndianTime, type DateOrder } from './to-indian-time.ts';
import { toPlainText } from './to-plain-text.ts';

/** One enquiry that an adapter read from a delivery. If it has faults it holds no lead, and is kept as refused. */
export type ParsedLead = {
  /** The sender's own id, always as text; null when there is none. */
  sourceLeadId: string | null;
  read: { ok: true; lead: Lead } | { ok: false; faults: Fault[] };
  /** The texts of all fields that may hold a number. */
  phoneRaw: string | null;
  /** Further mobiles of the same person, in E.164. */
  phoneAlternates: string[];
  /** Whether the sender says that the number is on a do-not-disturb list; null when it says neither. */
  dndFlag: boolean | null;
  /** A test of the connection: kept, never dialled. */
  isTest: boolean;
  /** The sender's own word for the kind of enquiry, such as IndiaMART's W, B, P. */
  enquiryType: string | null;
};

/** What an adapter adds to the fields. */
export type Reading = {
  names: FieldNames;
  aliases: Aliases;
  /** Stands in for a missing name: `name` is never null. The agent must not greet this label as a person. */
  label: string;
  message?: string | null;
  dndFlag?: boolean | null;
  isTest?: boolean;
  /** The order of day and month in dates of digits; day first by default. */
  dates?: DateOrder;
  /**
   * How to find the phone where no known name holds it. `by_name`: a field whose name sounds like a phone. True: also a
   * field that holds a mobile number and nothing else.
   */
  findsPhone?: boolean | 'by_name';
};

/**
 * The lead in a sender's fields, or what is wrong with it. Cuts texts that are too long, and replaces what we can't
 * store.
 */
export function toParsedLead(fields: Fields, reading: Reading): ParsedLead {
  const all = (field: keyof FieldNames) => pickAll(fields, namesOf(field, reading.names, reading.aliases));
  const told = (field: keyof FieldNames) => all(field).filter(({ value }) => !isNothing(value));
  const pick = (field: keyof FieldNames, maxCharacters: number): string | null => {
    for (const { value } of told(field)) {
      const text = cut(toPlainText(value), maxCharacters);
      if (text !== '') return text;
    }
    return null;
  };
  // "Interested in our product? Yes" names no product.
  const pickProduct = (): string | null => {
    const product = pick('productName', 500);
    return product !== null && isYesOrNo(product) ? null : product;
  };
  const sourceLeadId = pick('sourceLeadId', 200);
  const message = reading.message === undefined ? pick('message', 10_000) : reading.message;
  const { corrected } = reading.aliases;
  const fieldName = reading.names.phone[0] ?? 'phone';
  const { findsPhone = false } = reading;
  const others = [...fields.values()].filter(
    ({ name, isElsewhere }) =>
      findsPhone !== false && isElsewhere !== true && (findsPhone === true || soundsLikePhone(name)),
  );
  const phone = choosePhone(
    corrected === undefined
      ? { known: all('phone'), others, text: message, fieldName }
      : { known: [{ name: 'phone', value: corrected.phone }], others: [], text: null, fieldName },
  );
  const foreign = corrected === undefined ? findForeign(told('country')) : undefined;
  const faults = [...(phone.ok ? [] : [phone.fault]), ...(foreign === undefined ? [] : [foreign])];
  const written = corrected === undefined ? phone.written : all('phone');
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
              productName: pickProduct(),
              city: pick('city', 200),
              state: pick('state', 200),
              message: message === null ? null : cut(toPlainText(message), 10_000) || null,
              enquiredAt: at.find((instant) => instant !== null) ?? null,
            },
          }
        : { ok: false, faults },
    phoneRaw: written.length === 0 ? null : cut(written.flatMap(({ value }) => value || []).join(', '), 500),
    phoneAlternates: phone.ok ? phone.alternates : [],
    dndFlag: readDnd(fields, reading.dndFlag ?? null),
    isTest: reading.isTest ?? false,
    enquiryType: pick('enquiryType', 100),
  };
}

/** A wish in any field outweighs a list that does not have the number. */
function readDnd(fields: Fields, listed: boolean | null): boolean | null {
  const wish = readWish(fields)?.wish;
  return wish === undefined ? listed : wish !== 'callable' || listed === true;
}

function findForeign(told: { name: string; value: string }[]): Fault | undefined {
  const other = told.find(
    ({ value }) => !/^(?:in|ind|(?:republic of )?india\b.*|bharat|भारत|\+?91)$/i.test(value.trim()),
  );
  return other && toFault(other.name, 'foreign', 'is another country; only Indian mobiles are called');
}

function cut(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : text.slice(0, maxCharacters).toWellFormed();
}
