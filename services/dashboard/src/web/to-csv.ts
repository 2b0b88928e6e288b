/**
 * A table as CSV (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe: what people said
 * is in it.
 */
export function toCsv(head: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  return [head, ...lines].map((cells) => `${cells.map(toCell).join(',')}\r\n`).join('');
}

function toCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) && !/^\+?\d+$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
