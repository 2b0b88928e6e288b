/** Each bucket is 2 % wider than the one before, so a quantile from counts is exact to 1 %. */
const growth = Math.log(1.02);

/** The bucket of a waiting time. Less than a millisecond counts as one. */
export function toSpeedBucket(milliseconds: number): number {
  return Math.round(Math.log(Math.max(1, milliseconds)) / growth);
}

function toMilliseconds(bucket: number): number {
  return Math.exp(bucket * growth);
}

/** The waiting time that this share of the leads did not exceed; undefined if there are none. */
export function quantileOf(counts: readonly { bucket: number; leads: number }[], part: number): number | undefined {
  const sorted = counts.filter(({ leads }) => leads > 0).toSorted((a, b) => a.bucket - b.bucket);
  const total = sorted.reduce((sum, { leads }) => sum + leads, 0);
  let passed = 0;
  for (const { bucket, leads } of sorted) {
    passed += leads;
    if (passed >= total * part) return toMilliseconds(bucket);
  }
  return undefined;
}
