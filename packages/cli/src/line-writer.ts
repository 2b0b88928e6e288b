export type LineWriter = { write(line: string): void; flush(): void };

/** Writes what came in one turn of the event loop at once: a write a line is most of what printing many costs. */
export function openLineWriter(out: { write(text: string): unknown }): LineWriter {
  let held = '';
  let isPlanned = false;
  const flush = (): void => {
    isPlanned = false;
    if (held === '') return;
    const text = held;
    held = '';
    out.write(text);
  };
  return {
    write(line) {
      held += `${line}\n`;
      if (held.length > 65_536) flush();
      else if (!isPlanned) {
        isPlanned = true;
        setImmediate(flush);
      }
    },
    flush,
  };
}
