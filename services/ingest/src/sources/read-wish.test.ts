import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFields } from './read-fields.ts';
import { readWish, tellsWish, toWish } from './read-wish.ts';

test.for([
  'Yes',
  'YES',
  ' y ',
  'true',
  'TRUE',
  '1',
  '1.0',
  'X',
  '✓',
  'DND',
  'Do Not Call',
  'Opted out',
  'Yes, asked twice',
  'हाँ',
  'haan',
])('%s is a wish not to be called', (value) => {
  expect(toWish(value)).toBe('do_not_call');
});

test.for([
  '',
  '  ',
  '-',
  'No',
  'n',
  'FALSE',
  '0',
  '0.0',
  'NA',
  'N/A',
  'null',
  'Non-DND',
  'not registered',
  'नहीं',
  'opted in',
])('%j is none', (value) => {
  expect(toWish(value)).toBe('callable');
});

test.for(['maybe', '2', 'ask Ravi', '2026-11-01', 'partially', 'after 6 pm'])('of %s nobody knows', (value) => {
  expect(toWish(value)).toBe('unclear');
});

const wishNames = [
  'Do Not Call',
  'DNC',
  'DND (Y/N)',
  'Phone Opt Out',
  'HasOptedOutOfCall',
  'Never call again',
  'कॉल न करें',
];

test.for(wishNames)('a column %s tells it', (name) => {
  expect(tellsWish(name)).toBe(true);
});

test.for([
  ['Consent to call', 'No', 'do_not_call'],
  ['Phone Opt In', 'false', 'do_not_call'],
  ['May we call you?', 'नहीं', 'do_not_call'],
  ['Consent to call', 'Yes', 'callable'],
  ['Phone Opt In', '', 'callable'],
  ['Call Status', 'Do not call', 'do_not_call'],
  ['Remarks', 'DND', 'do_not_call'],
  ['message', 'Please do not call again', 'do_not_call'],
  ['message', 'कॉल मत करना', 'do_not_call'],
  ['message', 'Do not call before 6 pm, send the price', undefined],
  ['product', 'DND filter machine', undefined],
  ['Email consent', 'No', undefined],
  ['Can we call you now?', 'No', undefined],
] as const)('%s: %s says %s', ([name, value, wish]) => {
  expect(readWish(readFields({ [name]: value }))?.wish).toBe(wish);
});

test('one yes outweighs whatever else the record says', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...wishNames), fc.string({ maxLength: 8 })), {
        selector: ([name]) => name,
      }),
      fc.nat(),
      (others, place) => {
        const cells = [...others];
        cells.splice(place % (cells.length + 1), 0, ['dnd', 'yes']);
        expect(readWish(readFields(Object.fromEntries(cells)))?.wish).toBe('do_not_call');
      },
    ),
  );
});

test('without such a column nothing is said', () => {
  expect(readWish(readFields({ name: 'Asha', phone: '9876543210' }))).toBeUndefined();
  expect(readWish(readFields({ DND: '', 'Do Not Call': 'maybe' }))).toEqual({ wish: 'unclear', name: 'Do Not Call' });
});
