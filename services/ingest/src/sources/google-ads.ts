import { isSame } from './is-same.ts';
import { unreadable, type ParsedDelivery, type RawDelivery, type SourceAdapter } from './adapter.ts';
import { toParsedLead } from './parsed-lead.ts';
import { readQuestions, toFields, type Answer } from './questions.ts';
import { toKey, type Aliases, type FieldNames } from './read-fields.ts';
import { readJson, type Written } from './read-json.ts';

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
const known = new Set(
  Object.values(names)
    .flat()
    .flatMap((name) => name.split(' + '))
    .map(toKey),
);

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
    const key = of(readJson(text), 'google_key');
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
  const columns = of(body, 'user_column_data');
  const answers = (Array.isArray(columns) ? columns : []).map(toAnswer);
  const { product, message } = readQuestions(answers, known);
  const fields = toFields(answers);
  for (const [key, value] of Object.entries({ lead_id: of(body, 'lead_id'), product_name: product }))
    if (typeof value === 'string' && !(key === 'product_name' && fields.has(toKey(key))))
      fields.set(toKey(key), { name: key, value });
  const isTest = of(body, 'is_test');
  const reading = { names, aliases, label: 'Google Ads enquiry', message };
  return { ok: true, leads: [toParsedLead(fields, { ...reading, isTest: isTest === true || isTest === 'true' })] };
}

/** column_name may be missing; column_id is always there. */
function toAnswer(column: Written): Answer {
  const text = (name: string): string | undefined => {
    const value = of(column, name);
    return typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : undefined;
  };
  const key = text('column_id') ?? text('column_name') ?? '';
  return { key, question: text('column_name') ?? key, value: text('string_value') ?? '' };
}

function of(record: Written | undefined, name: string): Written | undefined {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  return Object.entries(record).find(([key]) => key === name)?.[1];
}
