/** What differs between the rows that are kept and those that ought to be. */
export type RowDiff<Row> = {
  /** Kept rows that are not to stay as they are. */
  replaced: Row[];
  /** Rows to be written. */
  changed: Row[];
  /** Ids of kept rows that are to go. */
  gone: number[];
};

/** Rows that say the same, field by field, are in neither list. */
export function diffRows<Row extends object>(
  before: readonly Row[],
  after: readonly Row[],
  idOf: (row: Row) => number,
): RowDiff<Row> {
  const known = new Set(before.map(toKey));
  const still = new Set(after.map(toKey));
  const there = new Set(after.map(idOf));
  return {
    replaced: before.filter((row) => !still.has(toKey(row))),
    changed: after.filter((row) => !known.has(toKey(row))),
    gone: before.map(idOf).filter((id) => !there.has(id)),
  };
}

function toKey(row: object): string {
  return JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
