import { normalisePhone } from '@leadline/contracts/phone-number';
import type { ParsedDelivery, RawDelivery, SourceAdapter } from './adapter.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { isNothing, pickAll, type Aliases, type FieldNames, type Fields } from './read-fields.ts';
import { readSubmission } from './read-submission.ts';
import { usualNames } from './usual-names.ts';
import { leadFieldsBy } from './to-lead-fields.ts';

/** JustDial's own names first, then those that accounts and forwarding programs use. */
const names: FieldNames = {
  ...usualNames,
  sourceLeadId: ['leadid', ...usualNames.sourceLeadId],
  phone: ['mobile', 'phone', 'mobileno', ...usualNames.phone],
  productName: ['category', 'categoryname', ...usualNames.productName],
  city: ['city', 'area', ...usualNames.city],
  enquiredAt: ['date + time', 'date', ...usualNames.enquiredAt],
  enquiryType: ['leadtype'],
};

const withPrefix: FieldNames = { ...names, name: ['prefix + name'] };

/**
 * JustDial sends a GET with a query, a form or JSON, depending on the account. You give the address to its account
 * manager.
 */
export const justdial: SourceAdapter = {
  source: 'justdial',
  otherNames: [],
  title: 'JustDial',
  methods: ['GET', 'POST'],
  secret: 'none',
  comesAgain: false,
  ownIds: false,
  fromBrowsers: false,
  parse: (delivery, aliases) => parseJustDial(delivery, aliases),
  curl: (url) =>
    `curl -i '${url}?leadid=TEST-1&leadtype=category&prefix=Mr&name=Test&mobile=0000000000&category=Test&city=Pune&dncmobile=0'`,
  reply: () => ({ status: 200, contentType: 'text/plain', body: 'SUCCESS' }),
};

function parseJustDial(delivery: RawDelivery, aliases: Aliases): ParsedDelivery {
  const read = readSubmission(delivery);
  if (!read.ok) return read;
  const records = read.records.map(leadFieldsBy(names, aliases));
  return { ok: true, leads: records.map((fields) => toJustDialLead(fields, aliases)) };
}

function toJustDialLead(fields: Fields, aliases: Aliases): ParsedLead {
  const say = (name: string): string | undefined =>
    pickAll(fields, [name]).find(({ value }) => !isNothing(value))?.value;
  const area = say('area');
  const texts = [say('message'), say('leadtype') && `Lead type: ${say('leadtype')}`, area && `Area: ${area}`];
  return toParsedLead(fields, {
    // A title alone is no name.
    names: say('name') === undefined ? names : withPrefix,
    aliases,
    label: 'JustDial buyer',
    findsPhone: true,
    message: texts.filter((line) => line !== undefined).join('\n') || null,
    dndFlag: readDnd(fields),
  });
}

/** The do-not-disturb flag of the number that we would call: 0 means not listed, anything else listed. */
function readDnd(fields: Fields): boolean | null {
  const rung = pickAll(fields, names.phone).find(({ value }) => normalisePhone(value).ok);
  const isMobile = rung !== undefined && rung.value !== pickAll(fields, ['phone'])[0]?.value;
  const [flag] = pickAll(fields, isMobile ? ['dncmobile', 'dndmobile'] : ['dncphone', 'dndphone']);
  return flag === undefined || isNothing(flag.value) ? null : !/^(?:0|false)$/i.test(flag.value);
}
