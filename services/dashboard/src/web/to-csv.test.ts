import { expect, test } from 'vitest';
import { toCsv } from './to-csv.ts';

test('texts are quoted where they need it, and none becomes a formula', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['plain', 1.5],
        ['8 lakh, "net"', 'two\nlines'],
        ['=HYPERLINK("x")', '-1+1'],
        ['+919876543210', '@cmd'],
      ],
    ),
  ).toBe(
    'a,b\r\nplain,1.5\r\n"8 lakh, ""net""","two\nlines"\r\n"\'=HYPERLINK(""x"")",\'-1+1\r\n+919876543210,\'@cmd\r\n',
  );
});
