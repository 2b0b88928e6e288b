const late = Symbol('late');

/**
 * Resolves as the work does, or to undefined after `ms`; the work then continues unobserved. Throws what the work
 * throws.
 */
export async function within<T>(ms: number, work: Promise<T> | undefined): Promise<T | undefined> {
  const first = await race(ms, work);
  return first === late ? undefined : first;
}

/**
 * Resolves as the work does; after `ms` we stop waiting for it.
 * @throws DOMException TimeoutError with these words after `ms`; else what the work throws
 */
export async function requireWithin<T>(ms: number, work: Promise<T>, tooLong: string): Promise<T> {
  const first = await race(ms, work);
  if (first === late) throw new DOMException(tooLong, 'TimeoutError');
  return first;
}

async function race<W>(ms: number, work: W): Promise<Awaited<W> | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, ms, late);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
