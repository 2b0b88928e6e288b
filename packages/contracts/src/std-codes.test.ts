import { expect, test } from 'vitest';
import { isSharedWithMobiles, isStdCode } from './std-codes.ts';

const everyCode = Array.from({ length: 10_000 }, (_, number) =>
  [2, 3, 4].map((size) => String(number).padStart(size, '0')),
)
  .flat()
  .filter((code, at, all) => all.indexOf(code) === at && isStdCode(code));

test('the plan’s 2,642 codes are there, and no code is the beginning of another one', () => {
  expect(everyCode).toHaveLength(2_642);
  expect(
    everyCode.filter((code) => [2, 3].some((size) => size < code.length && isStdCode(code.slice(0, size)))),
  ).toEqual([]);
  expect(everyCode.filter((code) => isSharedWithMobiles(code)).every((code) => /^[678]\d{3}$/.test(code))).toBe(true);
});

test.for(['11', '20', '22', '33', '40', '44', '79', '80', '141', '712', '744', '771', '891', '2692', '7104', '7752'])(
  '%s is an STD code',
  (code) => {
    expect(isStdCode(code)).toBe(true);
  },
);

test.for(['98', '987', '9876', '7966', '076', '1', '12345'])('%s is none', (code) => {
  expect(isStdCode(code)).toBe(false);
});
