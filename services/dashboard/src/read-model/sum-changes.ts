type Group = { key: Record<string, string | number>; amounts: Record<string, number> };

/**
 * How each group's sums change when rows replace others: subtracts the old rows and adds the new ones. Leaves out
 * unchanged groups.
 */
export function sumChanges<Row>(
  before: readonly Row[],
  after: readonly Row[],
  read: (row: Row) => Group,
): Record<string, string | number>[] {
  const groups = new Map<string, Group>();
  const add = (row: Row, sign: 1 | -1): void => {
    const { key, amounts } = read(row);
    const name = JSON.stringify(Object.values(key));
    const group = groups.get(name) ?? { key, amounts: {} };
    groups.set(name, group);
    for (const [amount, value] of Object.entries(amounts)) {
      group.amounts[amount] = (group.amounts[amount] ?? 0) + sign * value;
    }
  };
  for (const row of before) add(row, -1);
  for (const row of after) add(row, 1);
  return [...groups.values()]
    .filter(({ amounts }) => Object.values(amounts).some((amount) => amount !== 0))
    .map(({ key, amounts }) => ({ ...key, ...amounts }));
}
