import { isSame } from './is-same.ts';
import { unreadable, type ParsedDelivery, type RawDelivery, type SourceAdapter } from './adapter.ts';
import { toParsedLead } from './parsed-lead.ts';
import { readAnswers, type Answer } from './questions.ts';
import type { Aliases, FieldNames } from './read-fields.ts';
import { fieldOf, readJson, type Written } from './read-json.ts';

const names: FieldNames = {
  sourceLeadId: ['lead_id'],
  name: ['FULL_NAME', 'FIRST_NAME + LAST_NAME', 'COMPANY_NAME'],
  phone: ['PHONE_NUMBER', 'WORK_PHONE'],
  email: ['EMAIL', 'WORK_EMAIL'],
  productName: ['product_name'],
  city: ['CITY'],
  state: ['REGION', 'STATE'],
  message: [],
  enquiredAt: [],
  country: ['COUNTRY'],
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
    const key = fieldOf(readJson(text), 'google_key');
    return secret !== null && typeof key === 'string' && isSame(key, secret);
  },
  parse: (delivery, aliases) => parseGoogle(delivery, aliases),
  curl: (url, secret) =>
    `curl -i '${url}' -H 'content-type: application/json' -d '{"lead_id":"TEST-1","google_key":"${secret}","is_test":true,"user_column_data":[{"column_id":"FULL_NAME","string_value":"Test"},{"column_id":"PHONE_NUMBER","string_value":"0000000000"}]}'`,
  reply: () => ({ status: 200, contentType: 'application/json', body: '{}' }),
};

function parseGoogle({ text }: RawDelivery, aliases: Aliases): ParsedDelivery {
  const body = readJson(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return unreadable('is no lead of a form');
  const columns = fieldOf(body, 'user_column_data');
  const answers = (Array.isArray(columns) ? columns : []).map(toAnswer);
  const { fields, message } = readAnswers(answers, names, { lead_id: fieldOf(body, 'lead_id') });
  const isTest = fieldOf(body, 'is_test');
  const reading = { names, aliases, label: 'Google Ads enquiry', message };
  return { ok: true, leads: [toParsedLead(fields, { ...reading, isTest: isTest === true || isTest === 'true' })] };
}

/** column_name may be missing; column_id is always there. */
function toAnswer(column: Written): Answer {
  const text = (name: string): string | undefined => {
    const value = fieldOf(column, name);
    return typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : undefined;
  };
  const key = text('column_id') ?? text('column_name') ?? '';
  return { key, question: text('column_name') ?? key, value: text('string_value') ?? '' };
}
