import type { PhoneRefusal } from '@leadline/contracts/indian-number';
import { normalisePhone } from '@leadline/contracts/phone-number';
import type { z } from 'zod';
import { fieldNames, newLead, type Fault } from './lead-schema.ts';

/** A lead in the form of its row. */
export type Lead = {
  name: string;
  /** E.164. */
  phone: string;
  sourceLeadId: string | null;
  email: string | null;
  productName: string | null;
  city: string | null;
  state: string | null;
  message: string | null;
  enquiredAt: Date | null;
};

export type ReadLead = { ok: true; lead: Lead } | { ok: false; faults: Fault[] };

/** The reasons in words for people. */
export const phoneRefusals: Record<PhoneRefusal, string> = {
  landline: 'is a landline; only mobile numbers are called',
  service_number: 'is a service number, not a person’s',
  not_indian_mobile: 'is no Indian mobile number: ten digits, the first of them 6 to 9',
  foreign: 'is a number of another country; only Indian mobiles are called',
  unparseable: 'can not be read as a phone number',
  placeholder: 'is a placeholder, not a number',
  scientific_notation:
    'was shortened by a spreadsheet to the form 9.9E+09 and its digits are lost; make the column text and enter it anew',
};

/** The lead in a parsed body, or all of its faults. */
export function toLead(body: unknown): ReadLead {
  const parsed = newLead.safeParse(body);
  const faults = parsed.success ? [] : parsed.error.issues.flatMap((issue) => toFaults(issue, body));
  // Report a bad number along with the faulty fields, so that the sender can correct all of them at once.
  const phone = faults.some(({ pointer }) => pointer === '/phone' || pointer === '') ? undefined : phoneOf(body);
  const normalised = phone === undefined ? undefined : normalisePhone(phone);
  if (normalised?.ok === false) {
    faults.push({ pointer: '/phone', reason: normalised.reason, detail: phoneRefusals[normalised.reason] });
  }
  if (!parsed.success || normalised?.ok !== true) return { ok: false, faults };
  const given = parsed.data;
  return {
    ok: true,
    lead: {
      name: given.name,
      phone: normalised.phone,
      sourceLeadId: given.sourceLeadId ?? null,
      email: given.email ?? null,
      productName: given.productName ?? null,
      city: given.city ?? null,
      state: given.state ?? null,
      message: given.message ?? null,
      enquiredAt: given.enquiredAt ?? null,
    },
  };
}

function phoneOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('phone' in body)) return undefined;
  return typeof body.phone === 'string' ? body.phone : undefined;
}

function toFaults(issue: z.core.$ZodIssue, body: unknown): Fault[] {
  const [field] = issue.path;
  const pointer = field === undefined ? '' : `/${String(field)}`;
  const missing = field !== undefined && !(typeof body === 'object' && body !== null && field in body);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      // A key may hold a number or a name. Repeat it only if it looks like a field's name.
      pointer: /^[A-Za-z_-]{1,64}$/.test(key) ? `/${key}` : '',
      reason: 'unknown_field',
      detail: `is not known here; the fields are ${fieldNames.join(', ')}`,
    }));
  }
  if (missing) return [{ pointer, reason: 'missing', detail: 'is missing' }];
  if (issue.code === 'invalid_type') {
    const detail = `must be ${issue.expected === 'string' ? 'text' : 'an object'}`;
    return [{ pointer, reason: 'wrong_type', detail }];
  }
  if (issue.code === 'too_big') {
    return [{ pointer, reason: 'too_long', detail: `must have at most ${issue.maximum} characters` }];
  }
  if (issue.code === 'too_small') return [{ pointer, reason: 'empty', detail: 'must not be empty' }];
  return [{ pointer, reason: 'invalid', detail: issue.message }];
}
