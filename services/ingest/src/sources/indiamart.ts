import { unreadable, type ParsedDelivery, type RawDelivery, type SourceAdapter } from './adapter.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { namesIn, pickAll, readFields, type Aliases, type FieldNames } from './read-fields.ts';
import { readJson, unpackJson, type Written } from './read-json.ts';
import { toPlainText } from './to-plain-text.ts';

/** The names of the push and of version 2 of the API, then those of version 1, which some automations still forward. */
const names: FieldNames = {
  sourceLeadId: namesIn('UNIQUE_QUERY_ID, QUERY_ID'),
  // Without its separators SENDER_NAME is SENDERNAME.
  name: namesIn('SENDER_NAME, GLUSR_USR_NAME, GLUSR_USR_COMPANYNAME, SENDER_COMPANY'),
  phone: namesIn(
    'SENDER_MOBILE, MOB, MOBILE, SENDER_MOBILE_ALT, MOBILE_ALT, SENDER_PHONE, PHONE, SENDER_PHONE_ALT, PHONE_ALT',
  ),
  email: namesIn('SENDER_EMAIL, EMAIL, SENDER_EMAIL_ALT, EMAIL_ALT'),
  productName: namesIn('QUERY_PRODUCT_NAME, PRODUCT_NAME, QUERY_MCAT_NAME, SUBJECT'),
  city: namesIn('SENDER_CITY, ENQ_CITY, CITY'),
  state: namesIn('SENDER_STATE, ENQ_STATE, STATE'),
  message: namesIn('QUERY_MESSAGE, ENQ_MESSAGE'),
  enquiredAt: namesIn('QUERY_TIME, DATE_TIME_RE, DATE_RE + TIME_RE, DATE_R, LOG_TIME'),
  country: namesIn('SENDER_COUNTRY_ISO, COUNTRY_ISO'),
  enquiryType: namesIn('QUERY_TYPE, QTYPE'),
};

/** IndiaMART's push. We have seen one enquiry or several in an envelope, and enquiries without one. */
export const indiamart: SourceAdapter = {
  source: 'indiamart',
  otherNames: [],
  title: 'IndiaMART',
  methods: ['POST'],
  secret: 'none',
  comesAgain: false,
  ownIds: false,
  fromBrowsers: false,
  parse: (delivery, aliases) => parseIndiaMart(delivery, aliases),
  curl: (url) =>
    `curl -i '${url}' -H 'content-type: application/json' -d '{"CODE":200,"STATUS":"SUCCESS","RESPONSE":{"UNIQUE_QUERY_ID":"TEST-1","QUERY_TYPE":"W","SENDER_NAME":"Test","SENDER_MOBILE":"0000000000","QUERY_PRODUCT_NAME":"Test"}}'`,
  // After 48 hours of any other answer IndiaMART stops pushing.
  reply: () => ({ status: 200, contentType: 'application/json', body: '{"CODE":200,"STATUS":"SUCCESS"}' }),
};

function parseIndiaMart({ text }: RawDelivery, aliases: Aliases): ParsedDelivery {
  const body = readJson(text);
  if (body === undefined) return unreadable('is not JSON');
  const records = toRecords(body);
  if (records.length === 0) return unreadable('holds no enquiry');
  return { ok: true, leads: records.map((record) => toIndiaMartLead(record, aliases)) };
}

function toRecords(body: Written): Written[] {
  if (Array.isArray(body)) return body.flatMap(toRecords);
  if (typeof body !== 'object' || body === null) return [];
  const [, inner] = Object.entries(body).find(([name]) => name.toUpperCase() === 'RESPONSE') ?? [];
  // We have also seen JSON inside JSON.
  if (typeof inner === 'string') return toRecords(unpackJson(inner));
  if (inner !== undefined) return (Array.isArray(inner) ? inner : [inner]).filter((item) => typeof item === 'object');
  return Object.keys(body).some((name) => /^(?:UNIQUE_QUERY_|SENDER_?|QUERY_|ENQ_|MOB$|MOBILE$)/i.test(name))
    ? [body]
    : [];
}

/** Reads one enquiry, pushed or pulled. */
function toIndiaMartLead(record: Written, aliases: Aliases): ParsedLead {
  const fields = readFields(record);
  const [subject, message] = [['SUBJECT'], [...(aliases.message ?? []), ...names.message]].map((told) =>
    pickAll(fields, told)
      .map(({ value }) => toPlainText(value))
      .find((value) => value !== ''),
  );
  const texts = message?.startsWith(subject ?? '') === true ? [message] : [subject, message];
  return toParsedLead(fields, {
    names,
    aliases,
    label: 'IndiaMART buyer',
    message: texts.filter((part) => part !== undefined).join('\n') || null,
  });
}
