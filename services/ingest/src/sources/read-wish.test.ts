import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFields } from './read-fields.ts';
import { readWish, tellsWish, toWish, wishNames } from './read-wish.ts';

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

test.for(['maybe', '2', 'no calls please', 'ask Ravi', '2026-11-01', 'partially', 'after 6 pm'])(
  'of %s nobody knows',
  (value) => {
    expect(toWish(value)).toBe('unclear');
  },
);

test.for([
  'Do Not Call',
  'DNC',
  'DND',
  'Do Not Disturb',
  'Phone Opt Out',
  'HasOptedOutOfCall',
  'Opt-out',
  'do_not_call',
  'DoNotCall',
  "Don't call",
  'Unsubscribed from calls',
])('a column %s tells it', (name) => {
  expect(tellsWish(name)).toBe(true);
});

test.for(['Email Opt Out', 'SMS Opt Out', 'Call', 'Called', 'Last call', 'Notes', 'Mobile'])(
  'a column %s does not',
  (name) => {
    expect(tellsWish(name)).toBe(false);
  },
);

test('one yes outweighs whatever else the record says', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...wishNames), fc.string({ maxLength: 8 })), {
        selector: ([name]) => name,
      }),
      fc.nat(),
      (others, place) => {
        const cells = others.filter(([name]) => name !== 'dnd');
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
