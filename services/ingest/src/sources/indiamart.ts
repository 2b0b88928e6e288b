import { unreadable, type ParsedDelivery, type RawDelivery, type SourceAdapter } from './adapter.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { pickAll, readFields, type Aliases, type FieldNames } from './read-fields.ts';
import { readJson, type Written } from './read-json.ts';
import { toPlainText } from './to-plain-text.ts';

const names: FieldNames = {
  sourceLeadId: ['UNIQUE_QUERY_ID'],
  name: ['SENDER_NAME', 'SENDER_COMPANY'],
  phone: ['SENDER_MOBILE', 'SENDER_MOBILE_ALT', 'SENDER_PHONE', 'SENDER_PHONE_ALT'],
  email: ['SENDER_EMAIL', 'SENDER_EMAIL_ALT'],
  productName: ['QUERY_PRODUCT_NAME', 'QUERY_MCAT_NAME', 'SUBJECT'],
  city: ['SENDER_CITY'],
  state: ['SENDER_STATE'],
  message: ['QUERY_MESSAGE'],
  enquiredAt: ['QUERY_TIME'],
  country: ['SENDER_COUNTRY_ISO'],
  enquiryType: ['QUERY_TYPE'],
};

/** IndiaMART's push. Seen: an envelope with one enquiry, an envelope with several, and enquiries without an envelope. */
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
  // 48 hours of any other answer, and IndiaMART stops pushing.
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
  // JSON inside of JSON has been seen too.
  if (typeof inner === 'string') return toRecords(readJson(inner) ?? null);
  if (inner !== undefined) return (Array.isArray(inner) ? inner : [inner]).filter((one) => typeof one === 'object');
  return Object.keys(body).some((name) => /^(?:UNIQUE_QUERY|SENDER|QUERY)_/i.test(name)) ? [body] : [];
}

/** Of one enquiry, pushed or pulled. */
function toIndiaMartLead(record: Written, aliases: Aliases): ParsedLead {
  const fields = readFields(record);
  const [subject, message] = ['SUBJECT', 'QUERY_MESSAGE'].map((name) =>
    pickAll(fields, [...(name === 'QUERY_MESSAGE' ? (aliases.message ?? []) : []), name])
      .map(({ value }) => toPlainText(value))
      .find((value) => value !== ''),
  );
  const said = message?.startsWith(subject ?? '') === true ? [message] : [subject, message];
  return toParsedLead(fields, {
    ...{ names, aliases, label: 'IndiaMART buyer' },
    message: said.filter((part) => part !== undefined).join('\n') || null,
  });
}
