/** The difference between stored rows and the rows that should be stored. */
export type RowDiff<Row> = {
  /** Stored rows that change or go. */
  replaced: Row[];
  /** Rows to be written. */
  changed: Row[];
  /** Ids of stored rows to delete. */
  gone: number[];
};

/** Equal rows, field by field, are in no list. */
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
