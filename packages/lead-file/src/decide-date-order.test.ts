import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideDateOrder, tellsOrder, type DateTally } from './decide-date-order.ts';

function decide(cells: readonly string[]) {
  const tally: DateTally = { 'day-first': 0, 'month-first': 0, either: 0 };
  for (const cell of cells) {
    const told = tellsOrder(cell);
    if (told !== undefined) tally[told]++;
  }
  return decideDateOrder(tally);
}

test.for<[string[], ReturnType<typeof decide>]>([
  [['11/30/2026 9:15:00', '11/05/2026 18:20:11'], 'month-first'],
  [['30/11/2026', '05/11/2026'], 'day-first'],
  [['30-11-2026 09:15'], 'day-first'],
  [['11.30.2026'], 'month-first'],
  [['11/30/26 9:15', '11/05/26'], 'month-first'],
  [['30-11-26'], 'day-first'],
  [['05/11/2026', '06/11/2026'], 'unclear'],
  [['30/11/2026', '11/30/2026'], 'unclear'],
  [['11/11/2026'], null],
  [['2026-11-05', '05 Nov 2026', 'Nov 5, 2026', '', 'yesterday', '99/99/2026', '1764471900'], null],
])('%j are %s', ([cells, order]) => {
  expect(decide(cells)).toBe(order);
});

test('a file whose dates hold a day above the twelfth tells its order, wherever that date stands', () => {
  const day = fc.date({ min: new Date('2024-01-01'), max: new Date('2027-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(fc.array(day, { minLength: 1 }), fc.constantFrom('/', '-', '.'), (days, mark) => {
      fc.pre(days.some((date) => date.getUTCDate() > 12));
      const parts = days.map((date) => [date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear()] as const);
      expect(decide(parts.map((part) => part.join(mark)))).toBe('day-first');
      expect(decide(parts.map(([date, month, year]) => [month, date, year].join(mark)))).toBe('month-first');
    }),
  );
});
