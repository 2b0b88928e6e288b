import { toIndianDay } from '@leadline/contracts/indian-time';
import type { SourceAdapter } from './adapter.ts';
import { parseRows, readListed } from './listed-rows.ts';
import { toParsedLead } from './parsed-lead.ts';
import { toUrlBelow, type PullAdapter } from './pull-adapter.ts';
import { readFields, type FieldNames } from './read-fields.ts';

const names: FieldNames = {
  sourceLeadId: ['inq_id'],
  name: ['name', 'company'],
  phone: ['mobile', 'alt_mobile'],
  email: ['email', 'alt_email'],
  productName: ['product', 'subject'],
  city: ['city'],
  state: ['state'],
  message: ['detail_req'],
  enquiredAt: ['enq_date'],
  country: ['country'],
  enquiryType: ['inq_type'],
};

/** ExportersIndia does not push; we ask it. */
export const exportersindia: SourceAdapter = {
  source: 'exportersindia',
  otherNames: [],
  title: 'ExportersIndia',
  methods: [],
  secret: 'asked',
  comesAgain: false,
  ownIds: false,
  fromBrowsers: false,
  parse: ({ text }, aliases) =>
    parseRows(text, (row) => toParsedLead(readFields(row), { names, aliases, label: 'ExportersIndia buyer' })),
  curl: (url) => `curl -i '${url}?k=KEY&email=EMAIL&date_from=2026-11-24'`,
  reply: () => ({ status: 200, contentType: 'text/plain', body: '' }),
};

const pullPath = 'api-inquiry-detail.php';

export const pullExportersIndia: PullAdapter = {
  adapter: exportersindia,
  credentials: ['e-mail address', 'key'],
  everyMs: 5 * 60_000,
  leastGapMs: 60_000,
  // It lists everything since a day, so ask from the day before the last success.
  overlapMs: 24 * 3_600_000,
  longestMs: Number.POSITIVE_INFINITY,
  paged: false,
  blankIsNothing: true,
  path: pullPath,
  toUrl: (base, [email = '', key = ''], { from }) =>
    toUrlBelow(base, pullPath, { k: key, email, date_from: toIndianDay(from) }),
  readPage: readListed,
};
