import { createHmac } from 'node:crypto';
import { isSame } from './is-same.ts';
import { unreadable, type NamedLead, type ParsedDelivery, type RawDelivery, type SourceAdapter } from './adapter.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { readAnswers, type Answer } from './questions.ts';
import type { Aliases, FieldNames } from './read-fields.ts';
import { usualNames } from './usual-names.ts';
import { fieldOf, readJson, type Written } from './read-json.ts';

/**
 * Meta's standard questions, by their keys in English and Indian languages, and common names of a page's own questions.
 */
const names: FieldNames = {
  ...usualNames,
  sourceLeadId: ['leadgen_id'],
  phone: ['phone_number', ...usualNames.phone, 'work_phone_number'],
  // The form's own questions go into the message, with their text.
  productName: ['product_name'],
  message: [],
  enquiredAt: ['leadgen_created_time'],
  enquiryType: [],
};

/** Meta Lead Ads. Meta pushes ids only; we then fetch the answers from the Graph API. */
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
    if (asked.get('hub.mode') !== 'subscribe' || !mayBe.some((secret) => isSame(token, secret))) return undefined;
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
  // A new lead, or one that we may not read, has come without answers: ask again.
  if (listOf(body, 'field_data').length > 0) return { ok: true, leads: [toMetaLead(body, aliases)] };
  const awaited = listOf(body, 'entry').flatMap((entry) =>
    listOf(entry, 'changes').flatMap((change): NamedLead[] => {
      const value = fieldOf(change, 'value');
      const sourceLeadId = fieldOf(value, 'leadgen_id');
      if (fieldOf(change, 'field') !== 'leadgen' || typeof sourceLeadId !== 'string') return [];
      return /^\d{1,40}$/.test(sourceLeadId) ? [{ sourceLeadId }] : [];
    }),
  );
  return awaited.length === 0 ? unreadable('names no lead') : { ok: true, leads: [], awaited };
}

function toMetaLead(answer: Written, aliases: Aliases): ParsedLead {
  const answers = listOf(answer, 'field_data').map((field): Answer => {
    const key = fieldOf(field, 'name');
    const values = listOf(field, 'values').filter((value) => typeof value === 'string');
    const name = typeof key === 'string' ? key : '';
    return { key: name, question: name, value: values.join(', ') };
  });
  const ids = { leadgen_id: fieldOf(answer, 'id'), leadgen_created_time: fieldOf(answer, 'created_time') };
  const { fields, message } = readAnswers(answers, names, ids);
  const isTest = answers.some(({ value }) => /^<test lead: /i.test(value));
  return toParsedLead(fields, { names, aliases, label: 'Meta enquiry', message, isTest, findsPhone: true });
}

function listOf(record: Written | undefined, name: string): Written[] {
  const list = fieldOf(record, name);
  return Array.isArray(list) ? list : [];
}
