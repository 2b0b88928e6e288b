import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isValidPhoneNumber } from 'libphonenumber-js/mobile';
import { readIndianNumber } from './indian-number.ts';
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
  'p:+919876543210',
  'p: 09876543210',
  'Mob. No. 98765 43210',
  'Mob.No.9876543210',
  'Ph. No.: 98765-43210',
  'M: 9876543210',
  'M-9876543210',
  'मो. ९८७६५ ४३२१०',
  'मोबाइल नंबर - 98765 43210',
  'फोन: 9876543210',
  'WhatsApp: +91 98765 43210',
  'whatsapp:+919876543210',
  'Tel. 9876543210',
  'Contact No - 9876543210',
  'Mobile 1: 9876543210',
  '1) 98765 43210',
  'Ravi Kumar - 9876543210',
  'Call after 6 pm on 98765 43210',
  '9876543210 (Ext: 12)',
  '98765 43210 ext. no. 12',
  '9876543210, ext 12',
  '9876543210 WhatsApp only',
  '"9876543210"',
  '[+91 98765 43210].',
  'https://wa.me/919876543210',
  '9876543210.00',
  '9,876,543,210',
  '9,876,543,210.00',
  '98,76,54,32,10',
  '+91 +91 98765 43210',
  '+91+919876543210',
  '9191 98765 43210',
  '+91 091 98765 43210',
  '0091 +91 98765 43210',
  '91-91-9876543210',
  '91+ 98765 43210',
  '+9876543210',
  '0098765 43210',
  '9.87654E+09, 98765 43210',
])('what stands around a number is taken off: %s', (raw) => {
  expect(normalisePhone(raw)).toEqual({ ok: true, phone: good, alternates: [] });
});

// Given, and what it is: in libphonenumber-js 1.13.16 all of these are MOBILE or may be.
test.for([
  ['079-66324658', 'landline'],
  ['79-66324658', 'landline'],
  ['+91-79-66324658', 'landline'],
  ['+91 79 6632 4658', 'landline'],
  ['+91(79)66324658', 'landline'],
  ['(079) 66324658', 'landline'],
  ['(079) 6632-4658', 'landline'],
  ['+91 079 66324658', 'landline'],
  ['0091-79-66324658', 'landline'],
  ['Tel: 079 - 6632 4658', 'landline'],
  ['+91-891-2844000', 'landline'],
  ['0891 284 4000', 'landline'],
  ['(891) 284-4000', 'landline'],
  ['+91-771-2234567', 'landline'],
  ['7712234567', 'landline'],
  ['+91 744 2345678', 'landline'],
  ['7442345678', 'landline'],
  ['07152-243456', 'landline'],
  ['+91-7752-234567', 'landline'],
  ['0160-2640000', 'landline'],
  // Series in which mobiles were given out too: without a written code nothing says that they are landlines.
  ['7966324658', '+917966324658'],
  ['79663 24658', '+917966324658'],
  ['891-284-4000', '+918912844000'],
  ['8912844000', '+918912844000'],
  ['7232 345678', '+917232345678'],
  // No subscriber's number begins with 7, 8 or 9.
  ['79-87654321', '+917987654321'],
  ['0891-9876543', '+918919876543'],
  ['1600 123 4567', 'service_number'],
  ['1600123456', 'service_number'],
  ['+91 1601 123 456', 'service_number'],
  ['000 800 100 1234', 'service_number'],
  ['9.87650e9', 'scientific_notation'],
  ['9.87654321E+09', 'scientific_notation'],
  ['9,87654E+09', 'scientific_notation'],
  ['xxxxx 43210', 'unparseable'],
  ['******3210', 'unparseable'],
])('%s is %s', ([raw = '', expected]) => {
  const read = normalisePhone(raw);
  expect(read.ok ? read.phone : read.reason).toBe(expected);
});

test('a landline is no further mobile of a text', () => {
  expect(normalisePhone('98765 43210 / 079-66324658')).toEqual({ ok: true, phone: good, alternates: [] });
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
  ['0091 98765432', 'not_indian_mobile'],
  ['+61 4945 5297', 'foreign'],
  ['+65 9123 4567', 'foreign'],
  ['14155552671', 'not_indian_mobile'],
  ['+971501234567', 'foreign'],
  ['+1 415 555 2671', 'foreign'],
  ['0097150123456', 'foreign'],
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
    const series = [
      '98',
      '90',
      '91',
      '99',
      '6000',
      '6260',
      '7000',
      '7987',
      '8017',
      '8319',
      '8912',
      '8919',
      '7966',
      '7718',
    ];
    const mobile = fc
      .tuple(fc.constantFrom(...series), fc.integer({ min: 0, max: 99_999_999 }))
      .map(([start, rest]) => (start + String(rest).padStart(8, '0')).slice(0, 10))
      .filter((digits) => !/^(\d)\1{9}$/.test(digits));
    const front = fc.constantFrom(
      '',
      '0',
      '91',
      '+91',
      '+91 ',
      '+91-',
      '(+91) ',
      '0091 ',
      '+91-0',
      '91 ',
      '+91 +91 ',
      '9191 ',
      '+91 091 ',
    );
    const label = fc.constantFrom(
      '',
      'p:',
      'Mob. No. ',
      'Ph. No.: ',
      'M: ',
      'मो. ',
      'मोबाइल - ',
      'फोन: ',
      'WhatsApp: ',
      'Contact No - ',
      'Tel. ',
    );
    const behind = fc.constantFrom('', ' ext 12', ' (Ext: 4)', ' (WhatsApp)', ' x2', '.', ' - Ravi', ' /', ';');
    // Where a line is cut: 98765 43210, 987-654-3210, 9876 543 210, …
    const cuts = fc.constantFrom<number[][]>([], [5], [3, 6], [4, 7], [5, 8], [2, 5, 8]);
    const scripts = fc.constantFrom('0'.codePointAt(0), 0x0966, 0x09e6, 0x0a66, 0x0660, 0xff10);
    fc.assert(
      fc.property(
        fc.record({
          digits: mobile,
          before: front,
          label,
          behind,
          cuts,
          gap: fc.constantFrom(' ', '-', '.'),
          zero: scripts,
        }),
        ({ digits, before, label: called, behind: after, cuts: at, gap, zero = 48 }) => {
          // A trunk zero on the first of three groups is how a landline is written.
          fc.pre(!(before.endsWith('0') && at.length > 0));
          const grouped = Array.from(digits, (digit, index) => (at.includes(index) ? gap + digit : digit)).join('');
          const written = `${before}${grouped}${after}`;
          const text = called + written.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
          const result = normalisePhone(text);
          expect(result.ok ? result.phone : `${result.reason}: ${text}`).toBe(`+91${digits}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('behind a written STD code is a landline, however its country is written', () => {
    const code = fc.constantFrom(
      '11',
      '22',
      '20',
      '79',
      '80',
      '141',
      '712',
      '731',
      '744',
      '771',
      '891',
      '2692',
      '7752',
    );
    const front = fc.constantFrom('', '0', '+91-', '+91 ', '91-', '0091-', '+91 0', '(0', 'Tel. 0', '+91-(');
    fc.assert(
      fc.property(
        code,
        front,
        fc.constantFrom('-', ' ', ' - '),
        fc.integer({ min: 2_000_0000, max: 69_999_999 }),
        (std, before, gap, rest) => {
          const subscriber = String(rest).slice(0, 10 - std.length);
          fc.pre(!/^(\d)\1+$/.test(subscriber));
          const written = `${before}${std}${before.includes('(') ? ')' : ''}${gap}${subscriber}`;
          expect([written, normalisePhone(written)]).toEqual([written, { ok: false, reason: 'landline' }]);
        },
      ),
    );
  });

  test('however long a text is, it is read at once', () => {
    const pieces = ['a ', '9 ', 'p:', 'x', '(ext ', '<a href=tel:1>', '<p ', '1,', '98765 43210 x 1 '];
    const before = process.cpuUsage();
    for (const piece of pieces) normalisePhone(piece.repeat(100_000));
    const { user, system } = process.cpuUsage(before);
    // Of CPU, for other programs take turns with this one.
    expect((user + system) / 1_000).toBeLessThan(3_000);
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

test('ten digits are a mobile if and only if libphonenumber says so and no city has them', () => {
  const national = fc.tuple(fc.integer({ min: 6_000, max: 9_999 }), fc.integer({ min: 0, max: 999_999 }));
  const isSameAnswer = fc.property(national, ([front, back]) => {
    const digits = `${front}${String(back).padStart(6, '0')}`;
    const read = readIndianNumber(digits);
    const isMobile = isValidPhoneNumber(`+91${digits}`, 'IN');
    if (read.ok) return isMobile && read.phone === `+91${digits}`;
    return !isMobile || read.reason === 'landline' || read.reason === 'placeholder';
  });
  expect(fc.check(isSameAnswer, { numRuns: 5_000 }).counterexample).toBe(null);
});
