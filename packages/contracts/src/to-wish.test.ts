import { expect, test } from 'vitest';
import { readWish } from './to-wish.ts';

test.for<unknown>([
  true,
  1,
  'true',
  'TRUE',
  ' True ',
  'yes',
  'Yes.',
  'Y',
  'y',
  '1',
  'on',
  '"yes"',
  'yes, please',
  'never again',
  'Do not call',
  'do_not_call',
  'DND',
  'opt-out',
  'opted_out',
  'stop calling',
  "don't call",
  'don’t call',
  'unsubscribe',
  'no more calls',
  'haan',
  'haan ji',
  'ji',
  'ji haan',
  'हाँ',
  'हां',
  'जी',
  'जी हाँ',
  'ज़रूर',
  'call mat karo',
  'कॉल मत करो',
  '✓',
  '☑',
  ['yes'],
  { value: true },
  { requested: 'haan', reason: 'angry' },
  [{ dnd: 1 }],
])('%j is yes', (value) => {
  expect(readWish(value)).toBe('yes');
});

test.for<unknown>([
  false,
  0,
  null,
  undefined,
  '',
  ' ',
  'false',
  'False',
  'no',
  'No.',
  'N',
  '0',
  '0.0',
  'off',
  'null',
  'N/A',
  'none',
  'unknown',
  'not mentioned',
  'not requested',
  'nahi',
  'nahin',
  'नहीं',
  'जी नहीं',
  'bilkul nahi',
  'pata nahi',
  'can call',
  Number.NaN,
  [],
  {},
  [false],
  { requested: false, reason: 'busy' },
  { value: null },
])('%j is no', (value) => {
  expect(readWish(value)).toBe('no');
});

test.for<unknown>(['maybe', 'perhaps later', 'he was angry', 2, -1, 'not before Diwali', ['maybe'], { said: 'hmm' }])(
  '%j is neither',
  (value) => {
    expect(readWish(value)).toBe('unclear');
  },
);

test.for([
  ['No, customer did not ask', 'no'],
  ['FALSE (not explicit)', 'no'],
  ['no - fine to call', 'no'],
  ['No, do not call', 'unclear'],
  ['no; stop', 'unclear'],
] as const)('"%s" is %s', ([value, wish]) => {
  expect(readWish(value)).toBe(wish);
});
