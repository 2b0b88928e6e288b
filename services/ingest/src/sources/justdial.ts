import { normalisePhone } from '@leadline/contracts/phone-number';
import type { ParsedDelivery, RawDelivery, SourceAdapter } from './adapter.ts';
import { toParsedLead, type ParsedLead } from './parsed-lead.ts';
import { isNothing, pickAll, type Aliases, type FieldNames, type Fields } from './read-fields.ts';
import { readSubmission } from './read-submission.ts';

const names: FieldNames = {
  sourceLeadId: ['leadid'],
  name: ['name'],
  phone: ['mobile', 'phone'],
  email: ['email'],
  productName: ['category'],
  city: ['city', 'area'],
  state: ['state'],
  message: ['message'],
  enquiredAt: ['date + time', 'date'],
  country: ['country'],
  enquiryType: ['leadtype'],
};

/** JustDial: by account a GET with a query, a form or JSON. Its account manager is told the address. */
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
  return read.ok ? { ok: true, leads: read.records.map((fields) => toJustDialLead(fields, aliases)) } : read;
}

function toJustDialLead(fields: Fields, aliases: Aliases): ParsedLead {
  const say = (name: string): string | undefined =>
    pickAll(fields, [name]).find(({ value }) => !isNothing(value))?.value;
  const area = say('area');
  const said = [say('message'), say('leadtype') && `Lead type: ${say('leadtype')}`, area && `Area: ${area}`];
  return toParsedLead(fields, {
    // A title alone is nobody's name.
    names: say('name') === undefined ? names : { ...names, name: ['prefix + name'] },
    ...{ aliases, label: 'JustDial buyer' },
    message: said.filter((line) => line !== undefined).join('\n') || null,
    dndFlag: readDnd(fields),
  });
}

/** Of the number that is going to be rung: 0 may be called, anything else is on a list. */
function readDnd(fields: Fields): boolean | null {
  const [mobile] = pickAll(fields, ['mobile']);
  const isMobile = mobile !== undefined && normalisePhone(mobile.value).ok;
  const [flag] = pickAll(fields, isMobile ? ['dncmobile', 'dndmobile'] : ['dncphone', 'dndphone']);
  return flag === undefined || isNothing(flag.value) ? null : !/^(?:0|false)$/i.test(flag.value);
}
