const late = Symbol('late');

/** What the work resolves to, or undefined once `ms` are over: it then goes on unheard. Throws as the work does. */
export async function within<T>(ms: number, work: Promise<T> | undefined): Promise<T | undefined> {
  const first = await race(ms, work);
  return first === late ? undefined : first;
}

/**
 * What the work resolves to. Once `ms` are over nobody waits for it any more.
 * @throws DOMException TimeoutError with these words when it took longer; else what the work throws
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
