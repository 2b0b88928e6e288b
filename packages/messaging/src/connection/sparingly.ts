/** A trouble that lasts is told once in a while, not each time it is met. */
export function sparingly(eachMs = 10_000): (tell: () => void) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (tell) => {
    if (performance.now() - toldAt < eachMs) return;
    toldAt = performance.now();
    tell();
  };
}
