import { describe, expect, test } from 'vitest';
import { findAdapter } from './registry.ts';

/** One enquiry as form builders and automations send it. */
const person = {
  first: 'Asha',
  last: 'Verma',
  phone: '98202 22001',
  email: 'asha@example.com',
  product: 'Paper cup machine',
};
const name = `${person.first} ${person.last}`;
const { first, last, phone, email, product } = person;
const lead = { name, phone: '+919820222001', email, productName: product, city: 'Pune' };

const shapes: Record<string, unknown> = {
  'flat JSON': { name, phone, email, product, city: 'Pune' },
  'Elementor, simple': {
    'Your name': name,
    Mobile: phone,
    Email: email,
    Product: product,
    City: 'Pune',
    form_id: '9de22fa',
    form_name: 'Enquiry form',
  },
  'Elementor, advanced data': {
    form: { id: '9de22fa', name: 'Enquiry form' },
    fields: {
      name: { id: 'name', type: 'text', title: 'Your name', value: name, raw_value: name, required: '1' },
      field_2ab: { id: 'field_2ab', type: 'tel', title: 'Mobile', value: phone, raw_value: phone, required: '0' },
      email: { id: 'email', type: 'email', title: 'Email', value: email, raw_value: email, required: '0' },
      field_77: {
        id: 'field_77',
        type: 'select',
        title: 'Which machine?',
        value: product,
        raw_value: product,
        required: '0',
      },
      city: { id: 'city', type: 'text', title: 'City', value: 'Pune', raw_value: 'Pune', required: '0' },
    },
    meta: {
      date: { title: 'Date', value: 'November 30, 2026' },
      page_url: { title: 'Page URL', value: 'https://example.com/contact' },
      remote_ip: { title: 'Remote IP', value: '203.0.113.9' },
    },
  },
  'Elementor, names in brackets': {
    form_fields: { name, field_1: phone, email, product, city: 'Pune' },
    post_id: '12',
    form_id: '9de22fa',
    referer_title: 'Contact',
  },
  'Contact Form 7': {
    _wpcf7: '12',
    _wpcf7_unit_tag: 'wpcf7-f12-p5-o1',
    'your-name': name,
    'tel-619': phone,
    'your-email': email,
    'menu-product': [product],
    product: [product],
    'text-city': 'Pune',
    city: 'Pune',
  },
  Tally: {
    eventId: '7a11f559',
    eventType: 'FORM_RESPONSE',
    createdAt: '2026-11-30T05:00:33.408Z',
    data: {
      respondentId: 'RGMAjR4',
      formId: 'Pddqod',
      formName: 'Enquiry',
      fields: [
        { key: 'question_E', label: 'First Name', type: 'INPUT_TEXT', value: first },
        { key: 'question_r', label: 'Last Name', type: 'INPUT_TEXT', value: last },
        { key: 'question_p', label: 'Phone number', type: 'INPUT_PHONE_NUMBER', value: '+919820222001' },
        { key: 'question_m', label: 'Email', type: 'INPUT_EMAIL', value: email },
        {
          key: 'question_x',
          label: 'Which machine?',
          type: 'DROPDOWN',
          value: ['o1'],
          options: [
            { id: 'o1', text: product },
            { id: 'o2', text: 'Other' },
          ],
        },
        {
          key: 'question_c',
          label: 'City',
          type: 'MULTIPLE_CHOICE',
          value: 'c1',
          options: [{ id: 'c1', text: 'Pune' }],
        },
        { key: 'question_f', label: 'Photo', type: 'FILE_UPLOAD', value: null },
      ],
    },
  },
  Typeform: {
    event_id: '01',
    event_type: 'form_response',
    form_response: {
      form_id: 'lT4Z3j',
      submitted_at: '2026-11-30T05:17:02Z',
      definition: {
        id: 'lT4Z3j',
        title: 'Diwali form',
        fields: [
          { id: 'f1', ref: 'r1', title: 'First name', type: 'short_text' },
          { id: 'f2', ref: 'r2', title: 'Last name', type: 'short_text' },
          { id: 'f3', ref: 'r3', title: 'How can we reach you?', type: 'phone_number' },
          { id: 'f4', ref: 'r4', title: 'Your e-mail', type: 'email' },
          {
            id: 'f5',
            ref: 'r5',
            title: 'What *machine* do you need?',
            type: 'multiple_choice',
            choices: [{ id: 'c1', label: product }],
          },
          { id: 'f6', ref: 'r6', title: 'City', type: 'dropdown' },
        ],
      },
      answers: [
        { type: 'text', text: first, field: { id: 'f1', type: 'short_text', ref: 'r1' } },
        { type: 'text', text: last, field: { id: 'f2', type: 'short_text', ref: 'r2' } },
        { type: 'phone_number', phone_number: '+919820222001', field: { id: 'f3', type: 'phone_number', ref: 'r3' } },
        { type: 'email', email, field: { id: 'f4', type: 'email', ref: 'r4' } },
        {
          type: 'choice',
          choice: { id: 'c1', label: product, ref: 'x' },
          field: { id: 'f5', type: 'multiple_choice', ref: 'r5' },
        },
        { type: 'text', text: 'Pune', field: { id: 'f6', type: 'dropdown', ref: 'r6' } },
      ],
    },
  },
  'Jotform, JSON in a field': {
    formID: '2031',
    formTitle: 'Enquiry',
    ip: '203.0.113.9',
    rawRequest: JSON.stringify({
      slug: 'submit/2031',
      q3_name: { first, last },
      q4_phoneNumber: { full: '(98202) 22-001' },
      q5_email: email,
      q6_product: product,
      q7_address: { addr_line1: '12 MG Road', addr_line2: '', city: 'Pune', state: '', postal: '411001' },
    }),
    pretty: `Name:${name}, Phone Number:(98202) 22-001, Product:${product}`,
  },
  'Jotform, by its API': {
    form_id: '2031',
    answers: {
      1: { name: 'heading', order: '1', text: 'Enquiry', type: 'control_head' },
      3: {
        name: 'name',
        order: '2',
        text: 'Name',
        type: 'control_fullname',
        answer: { first, last },
        prettyFormat: name,
      },
      4: {
        name: 'phoneNumber',
        order: '3',
        text: 'Phone Number',
        type: 'control_phone',
        answer: { area: '98202', phone: '22001' },
      },
      5: { name: 'email', order: '4', text: 'E-mail', type: 'control_email', answer: email },
      6: { name: 'typeA', order: '5', text: 'Product', type: 'control_dropdown', answer: product },
      7: { name: 'city', order: '6', text: 'City', type: 'control_textbox', answer: 'Pune' },
    },
  },
  'Formstack with field types': {
    FormID: '23534',
    Name: { first, last, field_type: 'name' },
    Email: { value: email, field_type: 'email' },
    Phone: { value: phone, field_type: 'phone' },
    Product: { value: product, field_type: 'select' },
    Address: { address: '12 MG Road', city: 'Pune', field_type: 'address' },
  },
  WPForms: {
    fields: {
      0: { name: 'Name', value: name, id: '0', type: 'name', first, middle: '', last },
      1: { name: 'Mobile No.', value: phone, id: '1', type: 'phone' },
      2: { name: 'Email', value: email, id: '2', type: 'email', confirm: '' },
      3: { name: 'Machine', value: product, value_raw: product, id: '3', type: 'select' },
      4: { name: 'City', value: 'Pune', id: '4', type: 'text' },
    },
    form_id: '31',
  },
  'Gravity Forms, with its form': {
    form: {
      id: '4',
      title: 'Diwali enquiry',
      fields: [
        {
          id: 1,
          label: 'Name',
          type: 'name',
          inputs: [
            { id: '1.3', label: 'First' },
            { id: '1.6', label: 'Last' },
          ],
        },
        { id: 2, label: 'Phone', type: 'phone', placeholder: '98765 43210' },
        { id: 3, label: 'Email', type: 'email' },
        { id: 4, label: 'Product', type: 'select', choices: [{ text: product, value: product }] },
        { id: 5, label: 'City', type: 'text' },
      ],
    },
    entry: {
      form_id: '4',
      1.3: first,
      1.6: last,
      2: phone,
      3: email,
      4: product,
      5: 'Pune',
      ip: '203.0.113.9',
      currency: 'INR',
    },
  },
  'Google Forms, by its script': {
    values: ['11/30/2026 10:35:11', name, phone, email, product, 'Pune'],
    namedValues: {
      'Full Name': [name],
      'Mobile Number (WhatsApp)': [phone],
      'Email Address': [email],
      Product: [product],
      City: ['Pune'],
    },
    range: { columnStart: 1, rowStart: 7 },
  },
  Webflow: {
    triggerType: 'form_submission',
    payload: {
      name: 'Contact Us',
      siteId: '65427cf400e02b306eaa0000',
      data: {
        'First Name': first,
        'Last Name': last,
        email,
        'Phone Number': 9820222001,
        Product: product,
        City: 'Pune',
      },
      schema: [{ fieldName: 'First Name', fieldType: 'FormTextInput', fieldElementId: 'a' }],
      formId: '65429eadebe8a9f3a30f0000',
    },
  },
  HubSpot: {
    vid: 39580875173,
    properties: {
      firstname: { value: first, versions: [{ value: first, 'source-type': 'FORM' }] },
      lastname: { value: last },
      phone: { value: phone },
      email: { value: email },
      product: { value: product },
      city: { value: 'Pune' },
    },
  },
  'n8n, with how the request came': [
    {
      headers: { host: 'n8n.example.com', 'x-real-phone': '9811111111', name: 'proxy', 'user-agent': 'curl' },
      params: {},
      query: {},
      body: { name, mobile: phone, email, product, city: 'Pune' },
      webhookUrl: 'https://n8n.example.com/webhook/1',
    },
  ],
  'Fluent Forms': {
    __fluent_form_embded_post_id: '6',
    _wp_http_referer: '/contact/',
    names: { first_name: first, last_name: last },
    phone,
    email,
    dropdown: product,
    product,
    address_1: { address_line_1: '12 MG Road', city: 'Pune' },
  },
  'Meta’s answers, handed on': {
    form_name: 'Diwali',
    campaign_name: 'Diwali campaign',
    field_data: [
      { name: 'full_name', values: [name] },
      { name: 'phone_number', values: ['+919820222001'] },
      { name: 'email', values: [email] },
      { name: 'which_machine_do_you_need?', values: [product] },
      { name: 'city', values: ['Pune'] },
    ],
  },
  'questions and answers': {
    submission: [
      { question: 'What is your name?', answer: name },
      { question: 'Your mobile number', answer: phone },
      { question: 'Email', answer: email },
      { question: 'Which product are you interested in?', answer: product },
      { question: 'City', answer: 'Pune' },
    ],
  },
  'a bare list of labels': [
    { field: 'name', value: name },
    { field: 'phone', value: phone },
    { field: 'email', value: email },
    { field: 'product', value: product },
    { field: 'city', value: 'Pune' },
  ],
  'names with dots': {
    'form.id': '77',
    'form.name': 'Diwali',
    'lead.name.first': first,
    'lead.name.last': last,
    'lead.phone': phone,
    'lead.email': email,
    'lead.product': product,
    'lead.city': 'Pune',
  },
  'a phone in parts': {
    person: {
      name: { first, last },
      phone: { countryCode: '+91', number: '9820222001' },
      email,
      product,
      city: 'Pune',
    },
  },
  'phones in a list': {
    name,
    phones: [{ type: 'mobile', number: phone, primary: true }],
    emails: [{ value: email }],
    product,
    address: { city: 'Pune' },
  },
  Wufoo: {
    FieldStructure: JSON.stringify({
      Fields: [
        { ID: 'Field1', Title: 'Your Name' },
        { ID: 'Field3', Title: 'Phone' },
        { ID: 'Field4', Title: 'Email' },
        { ID: 'Field5', Title: 'Product' },
        { ID: 'Field6', Title: 'City' },
      ],
    }),
    FormStructure: JSON.stringify({ Name: 'Contact Us', Hash: 'z5pkt3w03lj0nv' }),
    Field1: name,
    Field3: phone,
    Field4: email,
    Field5: product,
    Field6: 'Pune',
  },
};

/** The same as a form's fields, as PHP and browsers write nesting. */
function toPairs(value: unknown, path: string[] = []): [string, string][] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => toPairs(inner, [...path, key]));
  const [top = '', ...rest] = path;
  return [
    [
      top + rest.map((piece) => `[${piece}]`).join(''),
      typeof value === 'string' || typeof value === 'number' ? `${value}` : '',
    ],
  ];
}

function read(source: string, contentType: string, text: string): unknown {
  const parsed = findAdapter(source)?.parse({ method: 'POST', query: '', contentType, text }, {});
  if (parsed?.ok !== true) return parsed;
  return parsed.leads.map(({ read: one }) => (one.ok ? one.lead : one.faults));
}

describe('one enquiry is one lead, whoever built the form', () => {
  for (const source of ['form', 'make', 'zapier']) {
    test.for(Object.entries(shapes))(`${source}: %s`, ([, body]) => {
      expect(read(source, 'application/json', JSON.stringify(body))).toEqual([expect.objectContaining(lead)]);
    });
  }
  test.for(Object.entries(shapes).filter(([, body]) => !Array.isArray(body)))('as a form: %s', ([, body]) => {
    const text = new URLSearchParams(toPairs(body)).toString();
    expect(read('form', 'application/x-www-form-urlencoded', text)).toEqual([expect.objectContaining(lead)]);
  });
});
