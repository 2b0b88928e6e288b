import { createHmac } from 'node:crypto';
import { isSame } from './is-same.ts';
import { unreadable, type AwaitedLead, type ParsedDelivery, type RawDelivery, type SourceAdapter } from './adapter.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { readQuestions, toFields, type Answer } from './questions.ts';
import { toKey, type Aliases, type FieldNames } from './read-fields.ts';
import { readJson, type Written } from './read-json.ts';

const names: FieldNames = {
  sourceLeadId: ['leadgen_id'],
  name: ['full_name', 'first_name + last_name', 'company_name'],
  phone: ['phone_number', 'phone', 'mobile', 'mobile_number', 'whatsapp_number', 'work_phone_number'],
  email: ['email', 'work_email'],
  productName: ['product_name'],
  city: ['city'],
  state: ['state', 'province'],
  message: [],
  enquiredAt: ['created_time'],
  country: ['country'],
  enquiryType: [],
};
const known = new Set(
  Object.values(names)
    .flat()
    .flatMap((name) => name.split(' + '))
    .map(toKey),
);

/** Meta Lead Ads. What is pushed are ids only; the answers are asked for afterwards, at the Graph API. */
export const meta: SourceAdapter = {
  source: 'meta',
  otherNames: ['facebook', 'meta-lead-ads', 'meta_lead_ads', 'instagram'],
  title: 'Meta Lead Ads',
  methods: ['GET', 'POST'],
  secret: 'asked',
  comesAgain: true,
  ownIds: false,
  fromBrowsers: false,
  isAuthentic: ({ signature, bytes }, secret) => {
    if (secret === null || signature == null) return false;
    return isSame(signature, `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`);
  },
  handshake: (query, mayBe) => {
    const asked = new URLSearchParams(query);
    const token = asked.get('hub.verify_token') ?? '';
    if (asked.get('hub.mode') !== 'subscribe' || !mayBe.some((one) => isSame(token, one))) return undefined;
    return { status: 200, contentType: 'text/plain', body: asked.get('hub.challenge') ?? '' };
  },
  parse: (delivery, aliases) => parseMeta(delivery, aliases),
  curl: (url) =>
    `curl -i '${url}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${url.split('/').at(-1)}'`,
  reply: () => ({ status: 200, contentType: 'text/plain', body: 'EVENT_RECEIVED' }),
};

/** A notification with ids, or the Graph API's answer to one of them. */
function parseMeta({ text }: RawDelivery, aliases: Aliases): ParsedDelivery {
  const body = readJson(text);
  if (body === undefined) return unreadable('is not JSON');
  if (Array.isArray(of(body, 'field_data'))) return { ok: true, leads: [toMetaLead(body, aliases)] };
  const awaited = listOf(body, 'entry').flatMap((entry) =>
    listOf(entry, 'changes').flatMap((change): AwaitedLead[] => {
      const value = of(change, 'value');
      const sourceLeadId = of(value, 'leadgen_id');
      if (of(change, 'field') !== 'leadgen' || typeof sourceLeadId !== 'string') return [];
      return /^\d{1,40}$/.test(sourceLeadId) ? [{ sourceLeadId }] : [];
    }),
  );
  return awaited.length === 0 ? unreadable('names no lead') : { ok: true, leads: [], awaited };
}

function toMetaLead(answer: Written, aliases: Aliases): ParsedLead {
  const answers = listOf(answer, 'field_data').map((field): Answer => {
    const key = of(field, 'name');
    const values = listOf(field, 'values').filter((value) => typeof value === 'string');
    const name = typeof key === 'string' ? key : '';
    return { key: name, question: name, value: values.join(', ') };
  });
  const { product, message } = readQuestions(answers, known);
  const fields = toFields(answers);
  const told = { leadgen_id: of(answer, 'id'), created_time: of(answer, 'created_time'), product_name: product };
  for (const [key, value] of Object.entries(told))
    if (typeof value === 'string' && !(key === 'product_name' && fields.has(toKey(key))))
      fields.set(toKey(key), { name: key, value });
  const isTest = answers.some(({ value }) => /^<test lead: /i.test(value));
  return toParsedLead(fields, { names, aliases, label: 'Meta enquiry', message, isTest });
}

function of(record: Written | undefined, name: string): Written | undefined {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  return Object.entries(record).find(([key]) => key === name)?.[1];
}

function listOf(record: Written | undefined, name: string): Written[] {
  const list = of(record, name);
  return Array.isArray(list) ? list : [];
}
