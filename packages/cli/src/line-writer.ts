export type LineWriter = { write(line: string): void; flush(): void };

/** Joins the lines of one turn of the event loop into one write, because separate writes cost most of the time. */
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
