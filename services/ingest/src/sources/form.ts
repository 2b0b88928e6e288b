import type { ParsedDelivery, RawDelivery, Reply, SourceAdapter, TakenLead } from './adapter.ts';
import { toParsedLead, type Reading } from './parsed-lead.ts';
import { addAskedProduct } from './questions.ts';
import { namesIn, pickAll, type FieldNames, type Fields } from './read-fields.ts';
import { readSubmission } from './read-submission.ts';
import { leadFieldsBy } from './to-lead-fields.ts';
import { usualNames } from './usual-names.ts';

/** In an automation, `id` is the record's. In a form it may be the form's, and equal in every submission. */
const automationNames: FieldNames = { ...usualNames, sourceLeadId: [...usualNames.sourceLeadId, 'id'] };

function parseForm(delivery: RawDelivery, reading: Omit<Reading, 'message'>): ParsedDelivery {
  const read = readSubmission(delivery);
  if (!read.ok) return read;
  const withoutCreation = { ...reading.names, enquiredAt: reading.names.enquiredAt.filter(isNoCreation) };
  const leads = read.records.map(leadFieldsBy(reading.names, reading.aliases)).map((fields) => {
    const names = livesOn(fields) ? withoutCreation : reading.names;
    return toParsedLead(addAskedProduct(fields, reading), { ...reading, names, findsPhone: true });
  });
  return { ok: true, leads };
}

/** A record that lives on, such as a CRM's contact: its creation is not the time of this enquiry. */
function livesOn(fields: Fields): boolean {
  return pickAll(fields, changes).length > 0;
}

const changes = namesIn(
  'updated_at, updated, updated_time, updated_on, modified_at, modified_time, last_modified, last_modified_date',
);

function isNoCreation(name: string): boolean {
  return !/creat/i.test(name);
}

/** Tells the person who builds the form what we understood of each lead. The sender gets success in any case. */
function toReply(taken: readonly TakenLead[]): Reply {
  const results = taken.map((lead) =>
    lead.kind === 'rejected'
      ? { id: null, status: 'rejected', errors: lead.faults, receipt: lead.receiptId }
      : { id: lead.leadId, status: 'accepted', duplicate: lead.kind !== 'accepted', phone: lead.phone },
  );
  const [only] = results;
  const body = results.length === 1 ? only : { results };
  return { status: 202, contentType: 'application/json', body: JSON.stringify(body) };
}

const common = {
  methods: ['POST'],
  secret: 'none',
  comesAgain: true,
  ownIds: true,
  reply: toReply,
} as const satisfies Partial<SourceAdapter>;

const sample = `{"name":"Test","phone":"0000000000","product":"Test","message":"Only a test"}`;

/** A form of the company's own site, sent by its browser or by its server. */
export const form: SourceAdapter = {
  ...common,
  source: 'form',
  otherNames: ['website', 'website-form'],
  title: 'Website form',
  fromBrowsers: true,
  parse: (delivery, aliases) => parseForm(delivery, { names: usualNames, aliases, label: 'Website visitor' }),
  curl: (url) => `curl -i '${url}' -d 'name=Test' -d 'phone=0000000000' -d 'product=Test'`,
};

/** Zapier's webhook action. */
export const zapier: SourceAdapter = {
  ...common,
  source: 'zapier',
  otherNames: [],
  title: 'Zapier',
  fromBrowsers: false,
  parse: (delivery, aliases) => parseForm(delivery, { names: automationNames, aliases, label: 'New enquiry' }),
  curl: (url) => `curl -i '${url}' -H 'content-type: application/json' -d '${sample}'`,
};

/** Make's, n8n's and any other automation's HTTP module. */
export const make: SourceAdapter = {
  ...common,
  source: 'make',
  otherNames: ['n8n', 'webhook'],
  title: 'Make',
  fromBrowsers: false,
  parse: (delivery, aliases) => parseForm(delivery, { names: automationNames, aliases, label: 'New enquiry' }),
  curl: (url) => `curl -i '${url}' -H 'content-type: application/json' -d '${sample}'`,
};
