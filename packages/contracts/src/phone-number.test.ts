import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskPhone, mentionsPhone, normalisePhone } from './phone-number.ts';

const good = '+919876543210';

test.for([
  ['9876543210', good],
  ['09876543210', good],
  ['919876543210', good],
  ['+919876543210', good],
  ['+91-9876543210', good],
  ['+91 98765 43210', good],
  ['(+91) 98765-43210', good],
  ['0091 9876543210', good],
  ['00919876543210', good],
  ['9198765432', '+919198765432'],
  ['+91-09876543210', good],
  ['+91-0-9876543210', good],
  ['  98765 43210  ', good],
  ['98765.43210', good],
  ['९८७६५४३२१०', good],
  ['９８７６５４３２１０', good],
  ['+९१ ९८७६५ ४३२१०', good],
  ['௯௮௭௬௫௪௩௨௧௦', good],
  ['\u200e+91 98765 43210\u202c', good],
  ['98765\u201143210', good],
  ['6000000001', '+916000000001'],
  ['7012345678', '+917012345678'],
  ['+91 987 654 3210', good],
  ['+91 9876 543210', good],
  ['+91 98 765 432 10', good],
  ['0987 654 3210', good],
  ['(+91) 987-654-3210', good],
  ['987.654.3210', good],
  ['98765\u00b743210', good],
  ['98765_43210', good],
  ['9 8 7 6 5 4 3 2 1 0', good],
  ['(0)9876543210', good],
  ['+91 (0)98765 43210', good],
  ['0919876543210', good],
  ['+0919876543210', good],
  ['9876543210.0', good],
  ['9876543210 ext 5', good],
  ['9876543210 x12', good],
  ['+91-98765-43210 (WhatsApp)', good],
  ['Mob: 9876543210', good],
  ['Phone No. +91 98765 43210', good],
  ['tel:+919876543210', good],
  ['tel:+919876543210;ext=5', good],
  ['٩٨٧٦٥٤٣٢١٠', good],
  ['98765４３２１０', good],
  ['\uff0b９１\uff0d９８７６５４３２１０', good],
  ['919198765432', '+919198765432'],
  ['+91-9198765432', '+919198765432'],
  ['0091-9198765432', '+919198765432'],
])('%s is %s', ([raw, phone]) => {
  expect(normalisePhone(raw ?? '')).toMatchObject({ ok: true, phone });
});

test.for([
  ['9876543210, 9876543211', [good, '+919876543211']],
  ['9876543210/9876543211', [good, '+919876543211']],
  ['9876543210 ; 022-22355342', [good]],
  ['022-22355342 / 9876543210', [good]],
  ['9876543210 or 9876543210', [good]],
  ['9876543210 9876543211', [good, '+919876543211']],
  ['+91 98765 43210 - 98765 43211', [good, '+919876543211']],
  ['9876543210 (office) 9876543211', [good, '+919876543211']],
  ['९८७६५४३२१०, ९८७६५४३२११', [good, '+919876543211']],
  ['NA / 98765 43210', [good]],
  ['7777777777, 9876543210', [good]],
] as [string, string[]][])('of %s the first good mobile counts', ([raw, [phone, ...alternates]]) => {
  expect(normalisePhone(raw)).toEqual({ ok: true, phone, alternates });
});

test.for([
  ['022 - 22355342', 'landline'],
  ['0731-4001122', 'landline'],
  ['+91-22-22355342', 'landline'],
  ['02222355342', 'landline'],
  ['+912222355342', 'landline'],
  ['08022223333', 'landline'],
  ['+91 80 2222 3333', 'landline'],
  ['8022223333', 'landline'],
  ['7314001122', 'landline'],
  ['0761-2345678', 'landline'],
  ['1800 123 4567', 'service_number'],
  ['18601234567', 'service_number'],
  ['1409876543', 'service_number'],
  ['1600123456', 'service_number'],
  ['139', 'service_number'],
  ['5876543210', 'not_indian_mobile'],
  ['987654321', 'not_indian_mobile'],
  ['98765432101', 'not_indian_mobile'],
  ['2222355342', 'not_indian_mobile'],
  ['22355342', 'not_indian_mobile'],
  ['+91 98765432', 'not_indian_mobile'],
  ['+91 987654321012', 'not_indian_mobile'],
  ['14155552671', 'not_indian_mobile'],
  ['+971501234567', 'foreign'],
  ['+1 415 555 2671', 'foreign'],
  ['0097150123456', 'foreign'],
  ['9.87654E+09', 'unparseable'],
  ['98765xxxxx', 'unparseable'],
  ['98765 x 12345', 'unparseable'],
  ['9.876543210', 'unparseable'],
  ['9876543210abc', 'unparseable'],
  ['ravi@example.com', 'unparseable'],
  ['NA', 'unparseable'],
  ['0', 'unparseable'],
  ['', 'unparseable'],
  ['   ', 'unparseable'],
  ['9999999999', 'placeholder'],
  ['0000000000', 'placeholder'],
  ['1234567890', 'placeholder'],
  ['+91 12345 67890', 'placeholder'],
  ['0123456789', 'placeholder'],
  ['09999999999', 'placeholder'],
  ['000000', 'placeholder'],
])('%s is refused as %s', ([raw, reason]) => {
  expect(normalisePhone(raw ?? '')).toEqual({ ok: false, reason });
});

describe('for any text', () => {
  test('a mobile is found in whatever way it is written', () => {
    const mobile = fc
      .tuple(fc.constantFrom('98', '90', '99'), fc.integer({ min: 0, max: 98_999_999 }))
      .map(([start, rest]) => `${start}${String(rest).padStart(8, '0')}`);
    const front = fc.constantFrom('', '0', '91', '+91', '+91 ', '+91-', '(+91) ', '0091 ', '+91-0', '91 ');
    const scripts = fc.constantFrom('0'.codePointAt(0), 0x0966, 0x09e6, 0x0a66, 0x0660, 0xff10);
    fc.assert(
      fc.property(mobile, front, fc.constantFrom('', ' ', '-'), scripts, (digits, before, gap, zero = 48) => {
        const written = `${before}${digits.slice(0, 5)}${gap}${digits.slice(5)}`;
        const text = written.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
        const result = normalisePhone(text);
        expect(result.ok ? result.phone : result.reason).toBe(`+91${digits}`);
      }),
    );
  });

  test('a result is an Indian mobile in E.164 and stands for itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('0123456789+-() ,/९')) }), (text) => {
        const result = normalisePhone(text);
        if (!result.ok) return;
        expect(result.phone).toMatch(/^\+91[6-9]\d{9}$/);
        expect(normalisePhone(result.phone)).toMatchObject({ ok: true, phone: result.phone });
      }),
    );
  });
});

test('a masked number keeps its country and its last four digits', () => {
  expect(maskPhone(good)).toBe('+91••••••3210');
});

test.for([
  '{"phone":"9876543210"}',
  '{"phone":"+91-98765 43210"}',
  '{"phone":"098765 43210"}',
  '{"phone":"(+91) 98765.43210"}',
  '{"phone":"९८७६५४३२१०"}',
  '{"phone":"९८७६५ - ४३२१०"}',
  '{"phone":"98765 ४३२१०"}',
  '{"phone":"９８７６５４３２１０"}',
  '{"phone":"98765\u00a043210"}',
  '{"phone":"98765\u200b\u201143210"}',
  String.raw`{"phone":"\u096f\u096e\u096d\u096c\u096b\u096a\u0969\u0968\u0967\u0966"}`,
  'name=A&phone=%2B91+98765+43210',
  `phone=${encodeURIComponent('९८७६५ ४३२१०')}&rate=5%`,
  '9876543212, 9876543210/9876543211',
])('the number is seen in %s', (text) => {
  expect(mentionsPhone(text, good)).toBe(true);
  expect(mentionsPhone(text, '+919000000001')).toBe(false);
});

test.for(['', '{"id":"98765","pin":"43210"}', '98765,43210', 'ring 98765 or 43210', '%ff%', '९८७६५'])(
  'the number is not seen in %s',
  (text) => {
    expect(mentionsPhone(text, good)).toBe(false);
  },
);
