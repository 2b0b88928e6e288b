/**
 * Merges ordered sources into one, by the time of storage. It holds one item of each source, so that no source is read
 * far ahead of the others.
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
