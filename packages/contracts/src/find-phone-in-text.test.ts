import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findPhoneInText } from './find-phone-in-text.ts';

const phone = '+919876543210';

test.for([
  'Please call me on 98765 43210, need 2 machines',
  'my no. is 9876543210.',
  '9876543210',
  'mobile no. 9876543210',
  'WhatsApp no is +91-98765-43210',
  '<p>Call <b>98765</b> 43210</p>',
  '<div>Phone:</div><div>+91&nbsp;9876543210</div>',
  '<a href="tel:+919876543210">Call</a>',
  'https://wa.me/919876543210?text=hi',
  'मेरा नंबर ९८७६५४३२१० है',
  'Phone-9876543210, Indore',
  '(9876543210)',
  'call me 9876543210-Ravi',
  'Order #9876500000 is late, please call 9876543210',
  'lead id 9812345678, phone 9876543210',
  'enquiry of 2026-11-30 09:15: 9876543210',
  'need 2 pcs, 9876543210 5 kg',
  'Ravi 9876543210 452001 Indore',
  'my number is 9876543210 budget 500000',
])('%s holds it', (text) => {
  expect(findPhoneInText(text)).toEqual({ phone, alternates: [] });
});

test.for(['98765 43210 or 98765 43211', '98765 43210/9876543211', 'ring 9876543210, 9876543211'])(
  'of a list the first one counts: %s',
  (text) => {
    expect(findPhoneInText(text)).toEqual({ phone, alternates: ['+919876543211'] });
  },
);

test.for([
  '',
  'Rs. 98,76,543',
  'Rs 9876543210',
  '\u20b99876543210',
  'Budget: 9876543210',
  '9876543210/- only',
  '9876543210 kg per month',
  'price 75000-90000',
  'order no 9876543210',
  'Order #9876543210',
  'enquiry id: 9876543210',
  'GST 27AAPFU0939F1ZV',
  'Aadhaar 9876 5432 1012',
  'card 4321 9876 5432 1012',
  'UTR 987654321098',
  '2026-11-30 09:15:22',
  'https://example.com/?id=9876543210',
  'a9876543210@example.com',
  'weight 98765.43210',
  'model XJ-9876543210',
  'landline 079-66324658',
  '022-22355342',
  '98765xxxxx',
  'Ravi 9876543210. Asha works in another office and her number is 9812345678',
])('%s holds none, or more than one', (text) => {
  expect(findPhoneInText(text)).toBeUndefined();
});

test('a number in any words is found, and no number without one', () => {
  const word = fc.constantFrom(
    'please',
    'send',
    'quotation',
    'for',
    'cup',
    'machine',
    'to',
    'Indore',
    'urgent',
    'of 2 kg',
    'at 500 rs',
  );
  const words = fc.array(word, { maxLength: 8 }).map((list) => list.join(' '));
  const written = fc.constantFrom('9876543210', '98765 43210', '+91 98765 43210', '09876543210', '987-654-3210');
  fc.assert(
    fc.property(words, written, words, (before, number, behind) => {
      expect(findPhoneInText(`${before} call ${number} ${behind}`)).toEqual({ phone, alternates: [] });
      expect(findPhoneInText(`${before} ${behind}`)).toBeUndefined();
    }),
  );
});
