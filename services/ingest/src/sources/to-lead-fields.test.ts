import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ParsedLead } from './parsed-lead.ts';
import { namesIn } from './read-fields.ts';
import { findAdapter } from './registry.ts';

function parse(source: string, body: unknown, query = ''): ParsedLead[] {
  const text = body === undefined ? '' : JSON.stringify(body);
  const parsed = findAdapter(source)?.parse({ method: 'POST', query, contentType: 'application/json', text }, {});
  return parsed?.ok === true ? parsed.leads : [];
}

function read(source: string, body: unknown): Record<string, unknown>[] {
  return parse(source, body).map(({ sourceLeadId, read: one }) =>
    one.ok ? { ...one.lead, sourceLeadId } : { sourceLeadId, faults: one.faults.map(({ reason }) => reason) },
  );
}

const record = { full_name: 'Asha Verma', phone: '98202 22021', product: 'Dona machine' };
const asha = { name: 'Asha Verma', phone: '+919820222021', productName: 'Dona machine' };

describe('an id or a name counts only where the phone is', () => {
  test.for<[string, unknown, object]>([
    [
      'a form beside the fields',
      { form: { id: '9de22fa', name: 'Enquiry form' }, ...record },
      { ...asha, sourceLeadId: null },
    ],
    ['a form with nothing but an id', { form: { id: '9de22fa' }, ...record }, { ...asha, sourceLeadId: null }],
    ['the record’s own id', { id: '7', ...record, form: { id: '1' } }, { ...asha, sourceLeadId: '7' }],
    [
      'an id of the form in the record',
      { form_id: '1', campaign_id: '2', form_name: 'Diwali', ...record },
      { ...asha, sourceLeadId: null },
    ],
    [
      'a campaign beside the lead',
      { campaign: { id: 'c-77', name: 'Diwali' }, lead: record },
      { ...asha, sourceLeadId: null },
    ],
    ['a campaign around the lead', { campaign: { id: 'c-77', lead: record } }, { ...asha, sourceLeadId: null }],
    [
      'an envelope that is the submission',
      { id: 's-1', created: '2026-11-30T05:35:29.096Z', data: record },
      { ...asha, sourceLeadId: 's-1' },
    ],
    ['an envelope that is a form', { id: 'f-1', name: 'Contact Us', data: record }, { ...asha, sourceLeadId: null }],
    ['the lead’s id beside the person', { lead: { id: 'L-1' }, contact: record }, { ...asha, sourceLeadId: 'L-1' }],
    [
      'a submission’s id around',
      { submissionId: 'S-1', formId: '2', data: { fields: record } },
      { ...asha, sourceLeadId: 'S-1' },
    ],
    ['a contact of a CRM', { id: '395', archived: false, properties: record }, { ...asha, sourceLeadId: '395' }],
    [
      'an agent who has a phone too',
      { assigned_to: { id: 'a', name: 'Agent', phone: '98111 11111', email: 'agent@example.com' }, lead: record },
      { ...asha, sourceLeadId: null, email: null },
    ],
    [
      'a user who has a phone too',
      { user: { id: 'u', name: 'Agent', phone: '98111 11111' }, data: record },
      { ...asha, sourceLeadId: null },
    ],
    [
      'a person without a name',
      { form: { id: '1', name: 'Enquiry form' }, phone: '98202 22021' },
      { name: 'New enquiry', sourceLeadId: null },
    ],
    [
      'a page beside a person without a name',
      { page: { name: 'Contact' }, lead: { phone: '98202 22021' } },
      { name: 'New enquiry' },
    ],
    [
      'a contact’s details',
      { name: 'Asha Verma', contact: { phone: '98202 22021', email: 'a@example.com' } },
      { name: 'Asha Verma', email: 'a@example.com' },
    ],
    ['a customer beside the phone', { customer: { name: 'Asha Verma' }, phone: '98202 22021' }, { name: 'Asha Verma' }],
    [
      'items of an order',
      { name: 'Asha Verma', phone: '98202 22021', items: [{ id: '1', name: 'Cup machine' }] },
      { name: 'Asha Verma', sourceLeadId: null },
    ],
    [
      'a product of its own',
      { ...record, product: { id: '5', name: 'Dona machine' } },
      { ...asha, sourceLeadId: null },
    ],
  ])('%s', ([, body, expected]) => {
    expect(read('make', body)).toEqual([expect.objectContaining(expected)]);
  });

  test('an agent alone is nobody to call', () => {
    expect(read('make', { agent: { name: 'Agent', phone: '98111 11111' }, lead: { name: 'Asha' } })).toMatchObject([
      { faults: ['missing'] },
    ]);
  });

  test('a form’s own `id` is no submission’s', () => {
    expect(read('form', { id: 'contact-form-1', ...record })).toMatchObject([{ ...asha, sourceLeadId: null }]);
  });

  test('several records keep what is theirs', () => {
    const leads = [
      { id: '1', ...record },
      { id: '2', name: 'Nita Pal', phone: '98202 22022' },
    ];
    for (const body of [leads, { leads }, { id: 'batch', name: 'Export', data: { results: leads } }])
      expect(read('make', body)).toMatchObject([
        { ...asha, sourceLeadId: '1' },
        { name: 'Nita Pal', sourceLeadId: '2' },
      ]);
  });

  test('whatever stands around a good record, the lead’s name and id stay', () => {
    const word = fc.constantFrom(
      'form',
      'campaign',
      'page',
      'data',
      'payload',
      'user',
      'agent',
      'workflow',
      'event',
      'meta',
      'x',
      'account',
      'trigger',
    );
    const own = fc.constantFrom({}, { id: 'own-1' }, { lead_id: 'own-1' }, { submission_id: 'own-1' });
    const beside = fc.dictionary(
      word,
      fc.record({ id: fc.string({ minLength: 1 }), name: fc.string({ minLength: 1 }) }, { requiredKeys: ['id'] }),
    );
    const around = fc.array(
      fc.tuple(
        fc.constantFrom('data', 'payload', 'body', 'event', 'x', 'record', 'form', 'campaign'),
        fc.record({ id: fc.string(), name: fc.constant('Outer'), title: fc.constant('Form') }),
        beside,
      ),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(own, beside, around, (ids, others, wraps) => {
        let body: object = { ...others, ...record, ...ids };
        for (const [key, named, more] of wraps) body = { ...more, ...named, [key]: body };
        const sourceLeadId = Object.values(ids)[0] ?? null;
        expect(read('make', body)).toMatchObject([{ ...asha, sourceLeadId }]);
      }),
    );
  });
});

describe('where no known name holds a phone', () => {
  const find = (fields: object): unknown => {
    const [lead] = parse('make', { name: 'Asha', ...fields });
    return lead?.read.ok === true
      ? lead.read.lead.phone
      : lead?.read.ok === false
        ? lead.read.faults[0]?.reason
        : undefined;
  };
  test.for(
    namesIn(`
    Customer Number, sender_phone, MOB, Mobile No. (WhatsApp), WhatsApp No, user_phone, tel-619,
    q4_phoneNumber, Phone / Mobile, Best number to call, custPhone, Cell #, phn, Whats App Number,
    Enter your 10 digit mobile number, Phone number with country code, number, मोबाइल, फ़ोन, आपका फोन नंबर:,
    आपका व्हाट्सएप नंबर क्या है?, तुमचा मोबाईल क्रमांक, તમારો મોબાઇલ નંબર, કોન્ટેક્ટ નંબર, உங்கள் தொலைபேசி எண்,
    கைபேசி எண் (WhatsApp), q7, text-84, input 3
  `),
  )('%s', (name) => {
    expect(find({ [name]: '98209 99001' })).toBe('+919820999001');
  });

  test.for(
    namesIn(`
    GST number, order_number, Aadhaar No, pin code, budget, order_id, Invoice no., Account number, utm_id,
    timestamp, Agent mobile, receiver_mobile, Helpline number, आधार नंबर, ऑर्डर नंबर, Registration No,
    quantity, Support Phone
  `),
  )('%s is never the phone', (name) => {
    expect(find({ [name]: '9820999001' })).toBe('missing');
    expect(find({ [name]: '9820999001', 'Reach me on': '98209 99002' })).toBe('+919820999002');
  });

  test('of several the usual one is preferred: a mobile, a phone, WhatsApp, a contact', () => {
    const all = {
      'Contact nr': '98209 99004',
      'WA number': '98209 99003',
      'Shop phones': '98209 99002',
      'My mob': '98209 99001',
    };
    expect(find(all)).toBe('+919820999001');
    expect(find({ ...all, 'My mob': '' })).toBe('+919820999002');
    expect(find({ ...all, 'My mob': '', 'Shop phones': '0731-4001122' })).toBe('+919820999003');
    expect(find({ 'Alternate mob.': '98209 99005', 'WA number': '98209 99003' })).toBe('+919820999003');
  });

  test('what nothing decides is not guessed', () => {
    expect(find({ q7: '98209 99001', q8: '98209 99002' })).toBe('undecided');
    expect(find({ q7: '98209 99001', q8: '+91 98209 99001' })).toBe('+919820999001');
    expect(find({ q7: 'about 9820999001 rupees, or more' })).toBe('missing');
  });

  test('a known name with a good number counts first', () => {
    expect(find({ mobile: '98209 99001', 'Cell phone no': '98209 99002' })).toBe('+919820999001');
  });
});

test('a contact that lives on asked when it is sent, not when it was created', () => {
  const contact = { id: '395', created_at: '2025-01-05T10:32:12Z', properties: record };
  expect(read('make', contact)).toMatchObject([{ enquiredAt: new Date('2025-01-05T10:32:12Z') }]);
  expect(read('make', { ...contact, updated_at: '2026-11-30T10:32:12Z' })).toMatchObject([{ enquiredAt: null }]);
});

describe('who must not be called is heard', () => {
  test.for<[string, object, boolean | null]>([
    ['a field of the form', { ...record, 'Do Not Call': 'Yes' }, true],
    ['a flag of a CRM', { properties: { ...record, HasOptedOutOfCall: true } }, true],
    ['settings beside the person', { lead: record, preferences: { do_not_call: '1' } }, true],
    ['another record of the person', { lead: record, person: { name: 'Asha', dnd: true } }, true],
    ['a no in one place and a yes in another', { ...record, dnd: 'no', settings: { dnd: 'yes' } }, true],
    ['a value that nobody can read', { ...record, dnd: 'ask first' }, true],
    ['a no', { ...record, dnd: 'No' }, false],
    ['e-mail only', { ...record, email_opt_out: 'yes' }, null],
    ['nothing', record, null],
  ])('%s', ([, body, dndFlag]) => {
    expect(parse('make', body)).toMatchObject([{ dndFlag }]);
    expect(parse('form', body)).toMatchObject([{ dndFlag }]);
  });
});

describe('what builders of forms and their senders add', () => {
  const nita = { name: 'Nita Pal', phone: '+919820222022' };
  test.for<[string, unknown, object]>([
    ['a name in two fields', { 'Name (First)': 'Nita', 'Name (Last)': 'Pal', Phone: '9820222022' }, nita],
    ['a name’s parts with a prefix', { 'Name First Name': 'Nita', 'Name Last Name': 'Pal', Phone: '9820222022' }, nita],
    [
      'a shop beside its customer',
      { shop: { id: 1, name: 'Acme', phone: '9999912345' }, customer: { name: 'Nita Pal', phone: '9820222022' } },
      nita,
    ],
    [
      'a service by its name',
      { service: { name: 'AMC' }, contact: { name: 'Nita Pal', phone: '9820222022' } },
      { ...nita, productName: 'AMC' },
    ],
    [
      'a page of Notion',
      {
        properties: {
          Name: {
            id: 'title',
            type: 'title',
            title: [{ type: 'text', plain_text: 'Nita Pal', text: { content: 'Nita Pal' } }],
          },
          Phone: { id: 'x', type: 'phone_number', phone_number: '98202 22022' },
          Product: { id: 'y', type: 'select', select: { id: 'q', name: 'Dona machine', color: 'red' } },
        },
      },
      { ...nita, productName: 'Dona machine' },
    ],
    [
      'questions under headings',
      {
        questions: [
          { heading: 'Your name', answer: 'Nita Pal' },
          { heading: 'Mobile number', answer: '9820222022' },
        ],
      },
      nita,
    ],
    ['an address of WhatsApp', { name: 'Nita Pal', phone: '919820222022@c.us' }, nita],
  ])('%s', ([, body, expected]) => {
    expect(read('make', body)).toEqual([expect.objectContaining(expected)]);
  });

  test('a form’s fields that are called JSON are read as what they are, and half an object is not', () => {
    const posted = (text: string) =>
      findAdapter('make')?.parse({ method: 'POST', query: '', contentType: 'application/json', text }, {});
    expect(posted('name=Nita+Pal&phone=9820222022')).toMatchObject({ ok: true, leads: [{ read: { lead: nita } }] });
    expect(posted('name: "a=b", phone')).toMatchObject({ ok: false });
  });
});

describe('a number only in the text', () => {
  test.for<[string, object, object]>([
    ['is the phone', { name: 'Asha', message: 'Call me on 98202 22021 after 5' }, { phone: '+919820222021' }],
    [
      'counts where the field says nothing',
      { name: 'Asha', phone: 'see below', message: 'Call 98202 22021' },
      { phone: '+919820222021' },
    ],
    ['does not outweigh a landline', { phone: '022 2235 5342', message: 'Call 98202 22021' }, { faults: ['landline'] }],
    ['is none where it is a price', { message: 'my order number is 9820222021' }, { faults: ['missing'] }],
  ])('%s', ([, body, expected]) => {
    expect(read('make', body)).toEqual([expect.objectContaining(expected)]);
  });
});

test('what stands in the address is beside the record, and names nobody', () => {
  const query = 'id=7&product=Dona+machine';
  expect(parse('make', { phone: '98202 22021' }, query)).toMatchObject([
    { sourceLeadId: null, read: { lead: { name: 'New enquiry', productName: 'Dona machine' } } },
  ]);
  expect(parse('make', { phone: '98202 22021' }, 'name=Site+A')).toMatchObject([
    { read: { lead: { name: 'New enquiry' } } },
  ]);
  expect(parse('make', undefined, 'id=7&name=Asha&phone=9820222021')).toMatchObject([{ sourceLeadId: '7' }]);
});

describe('the work grows as the body does', () => {
  test.for<[string, (size: number) => string]>([
    ['brackets in a name', (size) => JSON.stringify({ ['('.repeat(size)]: 'x', ['['.repeat(size)]: 'x' })],
    ['a name of many pieces', (size) => new URLSearchParams([[`a${'[b]'.repeat(size / 3)}`, 'x']]).toString()],
    [
      'many fields',
      (size) => JSON.stringify(Object.fromEntries(Array.from({ length: size / 16 }, (_, at) => [`f${at}`, 'text']))),
    ],
    [
      'many records side by side',
      (size) =>
        JSON.stringify(Object.fromEntries(Array.from({ length: size / 24 }, (_, at) => [`r${at}`, { id: at }]))),
    ],
    [
      'many contacts',
      (size) => JSON.stringify({ contact: Array.from({ length: size / 16 }, (_, at) => ({ email: `${at}` })) }),
    ],
    [
      'a list of labels',
      (size) => JSON.stringify(Array.from({ length: size / 32 }, (_, at) => ({ label: `q${at}`, value: 'v' }))),
    ],
    [
      'spelt wrappers',
      (size) =>
        JSON.stringify(Object.fromEntries(Array.from({ length: size / 64 }, (_, at) => [`data[${at}]`, [{ a: '1' }]]))),
    ],
    [
      'a long answer',
      (size) =>
        JSON.stringify({ 'Which machine?': `1 ${'lakh '.repeat(size / 5)}`, product: 'within '.repeat(size / 7) }),
    ],
    ['nested to the limit', (size) => '{"a":'.repeat(60) + JSON.stringify('x'.repeat(size)) + '}'.repeat(60)],
  ])('%s', ([, make]) => {
    const cost = (size: number): number => {
      const delivery = { method: 'POST' as const, query: '', contentType: null, text: make(size) };
      return Math.min(
        ...Array.from({ length: 3 }, () => {
          // Of this thread alone: a busy machine takes it away from us for longer than it works.
          const before = process.threadCpuUsage();
          findAdapter('form')?.parse(delivery, {});
          return process.threadCpuUsage(before).user / 1_000;
        }),
      );
    };
    cost(4_096);
    // Eight times as much; square growth would cost 64 times as much. What takes less than 2 ms can't be measured well.
    expect(cost(131_072) / Math.max(cost(16_384), 2)).toBeLessThan(40);
  });
});
