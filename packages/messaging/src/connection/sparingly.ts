/** Reports a lasting problem once in a while, not each time it occurs. */
export function sparingly(eachMs = 10_000): (tell: () => void) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (tell) => {
    if (performance.now() - toldAt < eachMs) return;
    toldAt = performance.now();
    tell();
  };
}
