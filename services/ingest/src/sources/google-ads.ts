import { isSame } from './is-same.ts';
import { unreadable, type ParsedDelivery, type RawDelivery, type SourceAdapter } from './adapter.ts';
import { toParsedLead } from './parsed-lead.ts';
import { readAnswers, type Answer } from './questions.ts';
import { toKey, type Aliases, type FieldNames } from './read-fields.ts';
import { usualNames } from './usual-names.ts';
import { fieldOf, isRecord, readJson, type Written } from './read-json.ts';

/** Google's columns by id, and by name for accounts that get no ids; also common names of custom questions. */
const names: FieldNames = {
  ...usualNames,
  sourceLeadId: ['lead_id'],
  phone: ['PHONE_NUMBER', 'User Phone', ...usualNames.phone, 'WORK_PHONE'],
  email: ['EMAIL', 'User Email', ...usualNames.email, 'WORK_EMAIL'],
  // The form's own questions go into the message, with their text.
  productName: ['product_name'],
  message: [],
  enquiredAt: ['lead_submit_time'],
  enquiryType: [],
};

/** Google Ads' lead form webhook. Its key is in the body. */
export const googleAds: SourceAdapter = {
  source: 'google_ads',
  otherNames: ['google', 'google-ads', 'googleads'],
  title: 'Google Ads',
  methods: ['POST'],
  secret: 'made',
  comesAgain: true,
  ownIds: false,
  fromBrowsers: false,
  isAuthentic: ({ text }, secret) => {
    const body = readJson(text);
    // Google's own sample spells it Google_key.
    const [, key] = (isRecord(body) ? Object.entries(body) : []).find(([name]) => toKey(name) === 'googlekey') ?? [];
    return secret !== null && typeof key === 'string' && isSame(key, secret);
  },
  parse: (delivery, aliases) => parseGoogle(delivery, aliases),
  curl: (url, secret) =>
    `curl -i '${url}' -H 'content-type: application/json' -d '{"lead_id":"TEST-1","google_key":"${secret}","is_test":true,"user_column_data":[{"column_id":"FULL_NAME","string_value":"Test"},{"column_id":"PHONE_NUMBER","string_value":"0000000000"}]}'`,
  reply: () => ({ status: 200, contentType: 'application/json', body: '{}' }),
};

function parseGoogle({ text }: RawDelivery, aliases: Aliases): ParsedDelivery {
  const body = readJson(text);
  if (!isRecord(body)) return unreadable('is no lead of a form');
  const columns = fieldOf(body, 'user_column_data');
  const answers = (Array.isArray(columns) ? columns : []).map(toAnswer);
  const { fields, message } = readAnswers(answers, names, {
    lead_id: fieldOf(body, 'lead_id'),
    lead_submit_time: fieldOf(body, 'lead_submit_time'),
  });
  const isTest = fieldOf(body, 'is_test');
  const reading = { names, aliases, label: 'Google Ads enquiry', message, findsPhone: true };
  return { ok: true, leads: [toParsedLead(fields, { ...reading, isTest: isTest === true || isTest === 'true' })] };
}

/** column_name may be missing; column_id is always present. */
function toAnswer(column: Written): Answer {
  const text = (name: string): string | undefined => {
    const value = fieldOf(column, name);
    return typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : undefined;
  };
  const key = text('column_id') ?? text('column_name') ?? '';
  return { key, question: text('column_name') ?? key, value: text('string_value') ?? '' };
}
