import { toIndianDay } from '@leadline/contracts/indian-time';
import type { SourceAdapter } from './adapter.ts';
import { parseRows, readListed } from './listed-rows.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { toUrlBelow, type PullAdapter } from './pull-adapter.ts';
import { readFields, type Aliases, type FieldNames } from './read-fields.ts';
import type { Written } from './read-json.ts';

const names: FieldNames = {
  sourceLeadId: ['rfi_id', 'inquiry_id'],
  name: ['sender_name', 'sender_co'],
  phone: ['sender_mobile', 'sender_other_mobiles', 'landline_number'],
  email: ['sender_email', 'sender_other_emails'],
  productName: ['product_name', 'subject'],
  city: ['sender_city'],
  state: ['sender_state'],
  message: ['message', 'query_message'],
  enquiredAt: ['generated_date + generated_time', 'generated'],
  country: ['sender_country'],
  enquiryType: ['inquiry_type'],
};

const namesOfCall: FieldNames = { ...names, name: ['sender_name'] };

/** TradeIndia does not push; we ask its My Inquiry API. */
export const tradeindia: SourceAdapter = {
  source: 'tradeindia',
  otherNames: [],
  title: 'TradeIndia',
  methods: [],
  secret: 'asked',
  comesAgain: false,
  ownIds: false,
  fromBrowsers: false,
  parse: ({ text }, aliases) => parseRows(text, (row) => toTradeIndiaLead(row, aliases)),
  curl: (url) =>
    `curl -i '${url}?userid=USER_ID&profile_id=PROFILE_ID&key=KEY&from_date=2026-11-24&to_date=2026-11-24&page_no=1'`,
  reply: () => ({ status: 200, contentType: 'text/plain', body: '' }),
};

const pullPath = 'utils/my_inquiry.html';

export const pullTradeIndia: PullAdapter = {
  adapter: tradeindia,
  credentials: ['user id', 'profile id', 'key'],
  everyMs: 10 * 60_000,
  leastGapMs: 60_000,
  // It takes whole Indian days, so this reaches back into yesterday only in the first hour of a day.
  overlapMs: 60 * 60_000,
  longestMs: 7 * 24 * 3_600_000,
  paged: true,
  blankIsNothing: true,
  path: pullPath,
  toUrl: (base, [userId = '', profileId = '', key = ''], { from, to }, page) =>
    toUrlBelow(base, pullPath, {
      userid: userId,
      profile_id: profileId,
      key,
      from_date: toIndianDay(from),
      to_date: toIndianDay(to),
      limit: '100',
      page_no: String(page),
    }),
  readPage: readListed,
};

function toTradeIndiaLead(row: Written, aliases: Aliases): ParsedLead {
  const fields = readFields(row);
  // TradeIndia knows only a caller's number; the agent must not greet the company's name beside it.
  const isCall = /^phone/i.test(fields.get('inquirytype')?.value ?? '');
  return toParsedLead(fields, { names: isCall ? namesOfCall : names, aliases, label: 'TradeIndia buyer' });
}
