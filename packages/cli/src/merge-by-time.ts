/**
 * One sequence out of several, each of which is in order: what was stored first comes first. Holds one of each, so that
 * a long source is read no faster than the others let it.
 */
export function mergeByTime<T extends { at: Date }>(sources: AsyncGenerator<T>[]): AsyncGenerator<T> {
  const [first, ...others] = sources;
  return first !== undefined && others.length === 0 ? first : merge(sources);
}

async function* merge<T extends { at: Date }>(sources: AsyncGenerator<T>[]): AsyncGenerator<T> {
  const heads = await Promise.all(sources.map(async (source) => ({ source, next: await source.next() })));
  try {
    for (;;) {
      let earliest: { source: AsyncGenerator<T>; at: Date; value: T } | undefined;
      for (const { source, next } of heads) {
        if (next.done === true) continue;
        if (earliest === undefined || next.value.at < earliest.at)
          earliest = { source, at: next.value.at, value: next.value };
      }
      if (earliest === undefined) return;
      const { source, value } = earliest;
      const head = heads.find((known) => known.source === source);
      yield value;
      if (head !== undefined) head.next = await source.next();
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}
